"""How fast models are beside the default one: `python bench/models.py PHOTOS [MODEL ...] [--json FILE]`.

Images per second of processor time, decoding included, in interleaved rounds, medians, as ratios: a pipeline that
keeps all cores busy is faster by just that. Accuracy, parameters and GFLOPs are those that the weights are
published with. Speed does not depend on what the weights are: TorchVision's networks get random ones, so nothing
is downloaded.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import torch
from figures import add_json_flag, write_figures
from machine import machine

from eyeful.classifier import Classifier
from eyeful.loading import load
from eyeful.models import DEFAULT_MODEL, list_models
from eyeful.models.torchvision_import import import_torchvision
from eyeful.sources import open_source

ROUNDS = 3
MODELS = ("mobilenet_v3_large", "resnet18", "resnet50", "densenet121", "convnext_tiny", "vgg16")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("models", nargs="*", default=MODELS)
    add_json_flag(parser)
    asked = parser.parse_args()
    files = [item.content for item in open_source(asked.photos).items]
    rates: dict[str, list[float]] = {name: [] for name in (DEFAULT_MODEL, *asked.models)}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            for name, found in rates.items():
                with load() if name == DEFAULT_MODEL else untrained(name, Path(folder)) as classifier:
                    next(iter(classifier.stream(files[:1])))
                    started = time.process_time()
                    count = sum(1 for _ in classifier.stream(files))
                    found.append(count / (time.process_time() - started))
    speed = {name: statistics.median(rates[name]) for name in rates}
    entries = {entry.name: entry for entry in list_models()}
    print(f"{machine()}; {ROUNDS} rounds\n")
    print("| model | top-1 on ImageNet | parameters | GFLOPs | speed |\n|---|---|---|---|---|")
    rows = []
    for name in sorted(speed, key=speed.__getitem__, reverse=True):
        entry = entries[name]
        row = {
            "model": name,
            "top1": entry.top1,
            "parameters": round((entry.parameters or 0) / 1e6, 1),
            "gflops": entry.gflops and round(entry.gflops, 1),
            "speed": round(speed[name] / speed[DEFAULT_MODEL], 2),
        }
        rows.append(row)
        print(f"| `{name}` | {entry.top1:.1f}% | {row['parameters']} M | {row['gflops']} | {row['speed']:.2f} |")
    write_figures(asked.json, rows, rounds=ROUNDS)


def untrained(name: str, folder: Path) -> Classifier:
    """A network of TorchVision with random weights, prepared as any checkpoint is."""
    return load(name, checkpoint=random_checkpoint(name, folder))


def random_checkpoint(name: str, folder: Path) -> Path:
    """A file in `folder` with random weights, always the same, for a network of TorchVision."""
    import_torchvision()
    from torchvision.models import get_model  # behind the import that works beside any torch

    torch.manual_seed(0)
    checkpoint = folder / f"{name}.pth"
    if not checkpoint.exists():
        torch.save(get_model(name, weights=None).state_dict(), checkpoint)
    return checkpoint


if __name__ == "__main__":
    main()
