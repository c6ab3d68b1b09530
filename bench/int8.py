"""What int8 brings: `python bench/int8.py PHOTOS [--models NAME ...] [--json FILE]`.

A network in fp32, in what `auto` runs, and in int8 as `--precision int8` makes it of the photographs: images a
second end to end and of the forward pass alone, in interleaved rounds, medians; and how many held-out photographs
have fp32's label. TorchVision's networks have random weights. Where int8 is refused, the reason is printed.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from figures import add_json_flag, write_figures
from machine import load_note, machine
from revisions import forward

from eyeful.classifier import Classifier
from eyeful.loading import load
from eyeful.models import DEFAULT_MODEL
from eyeful.sources import open_source
from models import random_checkpoint

ROUNDS = 3
SECONDS = 2.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--models", nargs="+", default=["resnet18", DEFAULT_MODEL])
    add_json_flag(parser)
    asked = parser.parse_args()
    print(f"{machine()}; {ROUNDS} rounds\n{load_note()}")
    print("| network | stage | fp32 | auto | int8 | int8 / auto | fp32's label |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for name in asked.models for row in of_model(name, asked.photos, Path(folder))]
    write_figures(asked.json, rows, rounds=ROUNDS)


def of_model(name: str, photos: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """A row for each stage."""
    checkpoint = None if name == DEFAULT_MODEL else random_checkpoint(name, folder)

    def opened(precision: str, **settings: Path) -> Classifier:
        return load(name, checkpoint=checkpoint, device="cpu", precision=precision, **settings)

    started = time.perf_counter()
    int8 = opened("int8", calibrate=photos)
    made = time.perf_counter() - started
    ways = {"fp32": opened("fp32"), "auto": opened("auto"), "int8": int8}
    files = [item.content for item in open_source(photos).items]
    found = int8.provenance["quantization"] or {}
    for stage, rates in zip(("end to end", "forward"), measure(ways, files), strict=True):
        ratio = rates["int8"] / rates["auto"]
        row = {"network": name, "stage": stage, **{way: round(one, 1) for way, one in rates.items()}}
        row |= {"ratio": round(ratio, 2), "agreement": found.get("agreement") if stage == "end to end" else None}
        cells = " | ".join(f"{rates[way]:.0f}" for way in ways)
        print(f"| {name} | {stage} | {cells} | {ratio:.2f} | {row['agreement'] or ''} |", flush=True)
        yield row
    print(f"\nint8 of {name} was there after {made:.1f} s: {found}\n")


def measure(ways: dict[str, Classifier], files: list[Path]) -> tuple[dict[str, float], dict[str, float]]:
    """Images per second of each, end to end and of the forward pass alone."""
    stages: tuple[Callable[[Classifier, int], object], ...] = (
        lambda classifier, count: sum(
            1 for _ in classifier.stream(itertools.islice(itertools.cycle(files), count))
        ),
        forward,
    )
    found: tuple[dict[str, list[float]], ...] = ({name: [] for name in ways}, {name: [] for name in ways})
    for number in range(ROUNDS + 1):
        for stage, rates in zip(stages, found, strict=True):
            for name, classifier in ways.items():
                count = round(SECONDS * statistics.median(rates[name])) if rates[name] else 32
                started = time.perf_counter()
                stage(classifier, max(count, 16))
                reached = max(count, 16) / (time.perf_counter() - started)
                rates[name] = [reached] if number == 1 else [*rates[name], reached]  # the first round warms up
    ends, alone = ({name: statistics.median(values) for name, values in rates.items()} for rates in found)
    return ends, alone


if __name__ == "__main__":
    main()
