"""Eyeful beside other ways to classify a folder: `python bench/comparison.py PHOTOS`, a table as Markdown.

Images per second of processor time, that of child processes included, which does not depend on how busy a machine
is. (A loop that decodes and computes in turns leaves cores idle, and is slower than that by the clock.) The same
weights everywhere, the default model's, on the CPU, in interleaved rounds, medians.
"""

import argparse
import itertools
import os
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from eyeful.bench.textbook import textbook_loop
from eyeful.loading import load
from eyeful.models import ModelRequest, find_model
from eyeful.models.torchvision_import import import_torchvision
from eyeful.sources import open_source

ROUNDS = 3
IMAGES = 250
BATCH = 32

Run = Callable[[list[Path]], object]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    files = [Path(item.filename) for item in open_source(parser.parse_args().photos).items]
    files = list(itertools.islice(itertools.cycle(files), IMAGES))
    found = find_model(ModelRequest())
    network = found.load()[0]
    loop = textbook_loop(network, found.preprocessing, "cpu")
    fast, exact = load(), load(exact=True)
    work: dict[str, Run] = {
        "the loop of a notebook": lambda some: [loop(file) for file in some],
        f"timm's data set and loader, batches of {BATCH}, 2 workers": timm_loader(network, found.preprocessing),
        "eyeful --exact": lambda some: sum(1 for _ in exact.stream(some)),
        "eyeful": lambda some: sum(1 for _ in fast.stream(some)),
    }
    rates: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(ROUNDS):
        for name, run in work.items():
            started = processor_seconds()
            run(files)
            rates[name].append(len(files) / (processor_seconds() - started))
    print("| | images for each second of a core |\n|---|---|")
    for name, values in rates.items():
        print(f"| {name} | {statistics.median(values):.0f} |")


def processor_seconds() -> float:
    """Of this process, and of its children that have ended."""
    return sum(os.times()[:4])


def timm_loader(network: torch.nn.Module, preprocessing: Any) -> Run:
    """The parts of timm's inference.py: ImageDataset, create_loader, batches through the network."""
    import_torchvision()
    from timm.data import ImageDataset, create_loader

    def run(files: list[Path]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for place, file in enumerate(files):  # it reads folders, in which each name is there once
                (Path(folder) / f"{place:06}{file.suffix}").symlink_to(file.absolute())
            loader = create_loader(
                ImageDataset(folder),
                (3, *preprocessing.size),
                BATCH,
                num_workers=2,
                mean=preprocessing.mean,
                std=preprocessing.std,
                interpolation=preprocessing.interpolation,
                crop_pct=preprocessing.size[0] / preprocessing.scale_size[0],
                use_prefetcher=False,
                device=torch.device("cpu"),
            )
            with torch.inference_mode():
                for batch_NCHW, _ in loader:
                    network(batch_NCHW).softmax(-1).topk(5)

    return run


if __name__ == "__main__":
    main()
