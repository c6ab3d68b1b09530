"""eyeful beside other ways to classify a folder: `python bench/peers.py PHOTOS [--json FILE]`.

    pip install timm transformers ultralytics

What is not installed is left out. Each runs in a process of its own with a ResNet-18 on the CPU, in its own way
and with its own preprocessing, in interleaved rounds, medians; nothing is downloaded, since speed does not
depend on what the weights are. Ultralytics has it as `yolo11-cls-resnet18.yaml`: its trunk with a head of its
own, 3.71 GFLOPs against 3.63; it sets its own threads, one on two cores. The rates are by the clock, and per
second of a core's work (that of child processes included), which depends less on what else a machine does: a
loop that decodes and computes in turns leaves cores idle.
"""

import argparse
import itertools
import os
import statistics
import tempfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from figures import add_json_flag, write_figures
from turns import Runner, answer, request

from eyeful.wording import rate

Run = Callable[[Path], int]
"""Classifies the files of a folder; returns the number of answers."""
WARM_UP = 16


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--images", type=int, default=250, help="of each round; files are repeated")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=list(PEERS), help=", ".join(PEERS))
    add_json_flag(parser)
    asked = parser.parse_args()
    from machine import load_note, machine

    from models import random_checkpoint

    print(f"ResNet-18, {machine()}; {asked.rounds} rounds of {asked.images} images\n{load_note()}", flush=True)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        weights = {"checkpoint": str(random_checkpoint("resnet18", folder))}
        warm = folder_of(asked.photos, folder / "warm", WARM_UP)
        files = folder_of(asked.photos, folder / "files", asked.images)
        peers = {}
        for title in asked.only:
            module, _ = PEERS[title]
            if find_spec(module) is None:
                print(f"not installed, so left out: {title}")
                continue
            peers[title] = stack.enter_context(
                Runner(__file__, {"title": title, **weights}, {"YOLO_CONFIG_DIR": name})
            )
            peers[title].take_turn(str(warm), WARM_UP)
        taken = {title: [] for title in peers}
        for _ in range(asked.rounds):
            for title, peer in peers.items():
                taken[title].append(peer.take_turn(str(files), asked.images))
        print("| | images/s | of eyeful's | images/core-s | what ran |\n|---|---|---|---|---|")
        rates = {
            title: statistics.median(asked.images / one.wall for one in some) for title, some in taken.items()
        }
        rows = []
        for title, reached in rates.items():
            per_core = statistics.median(asked.images / one.cpu for one in taken[title])
            share = f"{reached / rates['eyeful']:.2f}" if "eyeful" in rates else ""
            print(f"| {title} | {rate(reached)} | {share} | {rate(per_core)} | {peers[title].ready} |")
            row = {"tool": title, "rate": round(reached, 1), "core_rate": round(per_core, 1)}
            rows.append(row | {"ran": peers[title].ready})
        spread = max(max(some).wall / min(some).wall - 1 for some in taken.values())
        print(f"\nRounds of one differ by at most {spread:.0%}.")
        write_figures(asked.json, rows, rounds=asked.rounds, images=asked.images, spread=round(spread, 3))


def folder_of(photos: Path, folder: Path, count: int) -> Path:
    """A folder with `count` links to images: some tools read folders only, in which each name is there once."""
    from eyeful.sources import open_source

    files = [Path(item.filename).absolute() for item in open_source(photos).items]
    folder.mkdir()
    for place, file in enumerate(itertools.islice(itertools.cycle(files), count)):
        (folder / f"{place:06}{file.suffix.lower()}").symlink_to(file)
    return folder


def loop(checkpoint: Path) -> tuple[str, Run]:
    """What a lesson shows."""
    from eyeful.bench.textbook import textbook_loop
    from eyeful.models import ModelRequest, find_model

    found = find_model(ModelRequest("resnet18", checkpoint))
    classify = textbook_loop(found.load()[0], found.preprocessing, "cpu")
    return "torch eager, one at a time", lambda folder: count(classify(file) for file in sorted(folder.iterdir()))


def timm_inference(checkpoint: Path) -> tuple[str, Run]:
    """The parts of timm's inference.py: its data set, its loader with 2 workers, batches through the network."""
    import timm
    import torch
    from timm.data import ImageDataset, create_loader, resolve_model_data_config

    network = timm.create_model("resnet18", checkpoint_path=str(checkpoint)).eval()
    config = resolve_model_data_config(network)
    size = 32

    def run(folder: Path) -> int:
        loader = create_loader(
            ImageDataset(folder), batch_size=size, num_workers=2, device=torch.device("cpu"), **picked(config)
        )
        with torch.inference_mode():
            return sum(len(network(batch_NCHW).softmax(-1).topk(5)[1]) for batch_NCHW, _ in loader)

    return f"timm {timm.__version__}, batches of {size}, 2 workers", run


def picked(config: dict[str, Any]) -> dict[str, Any]:
    """Of a network's data configuration, what the loader takes."""
    return {name: config[name] for name in ("input_size", "interpolation", "mean", "std", "crop_pct")}


def hugging_face(batch_size: int) -> Callable[[Path], tuple[str, Run]]:
    """A pipeline of transformers."""

    def peer(_: Path) -> tuple[str, Run]:
        import transformers
        from transformers import ConvNextImageProcessor, ResNetConfig, ResNetForImageClassification, pipeline

        sizes = {"embedding_size": 64, "hidden_sizes": [64, 128, 256, 512], "depths": [2, 2, 2, 2]}
        network = ResNetForImageClassification(ResNetConfig(layer_type="basic", num_labels=1000, **sizes)).eval()
        processor = ConvNextImageProcessor(size={"shortest_edge": 224}, crop_pct=0.875)
        classify = pipeline("image-classification", model=network, image_processor=processor, device="cpu")

        def run(folder: Path) -> int:
            return count(
                classify((str(file) for file in sorted(folder.iterdir())), batch_size=batch_size, top_k=5)
            )

        return f"transformers {transformers.__version__}, batches of {batch_size}", run

    return peer


def ultralytics(batch_size: int) -> Callable[[Path], tuple[str, Run]]:
    """`yolo classify predict`, of a network that is not trained."""

    def peer(_: Path) -> tuple[str, Run]:
        os.environ |= {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false"}
        import ultralytics as library
        from ultralytics import YOLO

        folder = Path(os.environ["YOLO_CONFIG_DIR"])
        described = (Path(library.__file__).parent / "cfg/models/11/yolo11-cls-resnet18.yaml").read_text()
        untrained = folder / "yolo11-cls-resnet18.yaml"
        untrained.write_text(described.replace("DEFAULT", "null"))  # the weights that it would download
        network = YOLO(untrained, task="classify")

        def run(folder: Path) -> int:
            options = {"imgsz": 224, "batch": batch_size, "device": "cpu", "verbose": False}
            return count(found.probs.top5 for found in network.predict(str(folder), stream=True, **options))

        return f"ultralytics {library.__version__}, batches of {batch_size}", run

    return peer


def eyeful_with(**settings: Any) -> Callable[[Path], tuple[str, Run]]:
    """`eyeful predict`."""

    def peer(checkpoint: Path) -> tuple[str, Run]:
        from eyeful.loading import load

        classifier = load("resnet18", checkpoint=checkpoint, device="cpu", **settings)
        path = f"{classifier.engine} {classifier.precision}, batches of {classifier.batch_size}"
        return path, lambda folder: count(classifier.stream(folder))

    return peer


PEERS: dict[str, tuple[str, Callable[[Path], tuple[str, Run]]]] = {
    "the loop of a notebook": ("eyeful", loop),
    "timm's inference.py": ("timm", timm_inference),
    "Hugging Face's pipeline": ("transformers", hugging_face(1)),
    "Hugging Face's pipeline, in batches": ("transformers", hugging_face(8)),
    "yolo classify predict": ("ultralytics", ultralytics(1)),
    "yolo classify predict, in batches": ("ultralytics", ultralytics(8)),
    "eyeful --exact": ("eyeful", eyeful_with(exact=True)),
    "eyeful --precision fp32": ("eyeful", eyeful_with(precision="fp32")),
    "eyeful": ("eyeful", eyeful_with()),
}
"""Title, and: the package that must be there, and what opens it in its own process."""


def count(answers: Iterable[Any]) -> int:
    """How many there are."""
    return sum(1 for _ in answers)


def prepare(title: str, checkpoint: str) -> tuple[str, Callable[[str, int], None]]:
    """What a peer's own process does."""
    from eyeful.models.torchvision_import import import_torchvision

    import_torchvision()  # works beside any torch, where the others' own imports do not
    what, run = PEERS[title][1](Path(checkpoint))

    def classify_all(folder: str, images: int) -> None:
        if (answers := run(Path(folder))) != images:
            raise SystemExit(f"{title} answered {answers} of {images} images: no measurement")

    return what, classify_all


if __name__ == "__main__":
    if (asked := request()) is not None:
        answer(lambda: prepare(**asked))
    else:
        main()
