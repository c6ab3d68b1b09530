"""What int8 brings: `python bench/int8.py PHOTOS [--model NAME] [--checkpoint FILE]`, a table as Markdown.

The network in fp32, in what `auto` runs, and in int8 as `--precision int8` makes it of the photographs: images a
second end to end and of the forward pass alone, in interleaved rounds, medians; and how many held-out photographs
have fp32's label. Where int8 is refused, the reason stands in its row.
"""

import argparse
import itertools
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from machine import load_note, machine
from revisions import forward

from eyeful.classifier import Classifier
from eyeful.loading import load
from eyeful.models import DEFAULT_MODEL
from eyeful.sources import open_source

ROUNDS = 3
SECONDS = 2.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--checkpoint", type=Path)
    asked = parser.parse_args()
    print(f"{asked.model}; {machine()}; {ROUNDS} rounds\n{load_note()}")
    files = [item.content for item in open_source(asked.photos).items]

    def opened(precision: str, **settings: Path) -> Classifier:
        return load(asked.model, checkpoint=asked.checkpoint, device="cpu", precision=precision, **settings)

    started = time.perf_counter()
    int8 = opened("int8", calibrate=asked.photos)
    made = time.perf_counter() - started
    ways = {"fp32": opened("fp32"), "auto": opened("auto"), "int8": int8}
    end_to_end, alone = measure(ways, files)
    print("| asked for | what runs | end to end | forward only |\n|---|---|---|---|")
    for name, classifier in ways.items():
        cells = [f"{rates[name]:.0f} ({rates[name] / rates['fp32']:.1f}x)" for rates in (end_to_end, alone)]
        print(f"| {name} | {classifier.engine} {classifier.precision} | {' | '.join(cells)} |")
    print(f"\nint8 was there after {made:.1f} s: {int8.provenance['quantization']}")


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
