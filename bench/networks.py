"""Five networks, photographs and camera photographs: `python bench/networks.py PHOTOS CAMERA [--json FILE]`.

Each network in a process of its own, TorchVision's with random weights: images per second of the textbook loop, of
eyeful end to end, of its decode stage and of the forward pass alone, in interleaved rounds, medians.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import revisions
from figures import add_json_flag, write_figures
from machine import load_note, machine
from revisions import FEWEST, MODELS, STAGES, WARM_UP, whole_passes
from turns import Runner

from eyeful.wording import rate
from models import random_checkpoint

FULL_BATCHES = 256
"""Images to warm up with: the first full batches on a GPU load its kernels."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("camera", type=Path)
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each stage in each round, about")
    add_json_flag(parser)
    asked = parser.parse_args()
    print(f"{machine()}; {asked.rounds} rounds\n{load_note()}")
    print("| network | images | loop | eyeful | decode | forward | of the estimate | ran |")
    print("|---|---|---|---|---|---|---|---|")
    rows = []
    for name in asked.models:
        for row in of_model(name, asked):
            rows.append(row)
            cells = (rate(row[stage]) for stage in ("loop", "eyeful", "decode", "forward"))
            print(f"| {name} | {row['images']} | {' | '.join(cells)} | {row['of_estimate']:.2f} | {row['ran']} |")
            sys.stdout.flush()
        write_figures(asked.json, rows, rounds=asked.rounds)


def of_model(name: str, asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """A row for each kind of images."""
    with tempfile.TemporaryDirectory() as folder:
        own = name == "efficientnet_lite0"
        model = {
            "name": name,
            "checkpoint": None if own else str(random_checkpoint(name, Path(folder))),
            "precision": asked.precision,
            "device": asked.device,
            "photos": {"photographs": str(asked.photos), "camera": str(asked.camera)},
        }
        with Runner(revisions.__file__, model, {"EYEFUL_HOME": folder}) as runner:
            rates = measure(runner, asked.rounds, asked.seconds, on_cpu=asked.device == "cpu")
            ran = runner.ready["path"]
    forward = rates["forward", "photographs"]
    for images in ("photographs", "camera"):
        loop, eyeful, decode = (rates[stage, images] for stage in ("textbook", "eyeful", "decode"))
        middle = {"loop": loop, "eyeful": eyeful, "decode": decode, "forward": forward}
        medians = {stage: round(statistics.median(found), 1) for stage, found in middle.items()}
        estimate = 1 / (1 / medians["decode"] + 1 / medians["forward"])
        yield {
            "network": name,
            "images": images,
            "ran": ran,
            **medians,
            "speedup": round(medians["eyeful"] / medians["loop"], 2),
            "of_estimate": round(medians["eyeful"] / estimate, 3),
            "spread": round(max(max(found) / min(found) - 1 for found in middle.values()), 3),
        }


def measure(runner: Runner, rounds: int, seconds: float, *, on_cpu: bool) -> dict[tuple[str, str], list[float]]:
    """Images per second in every round, by stage and kind of images."""

    def reached(stage: str, images: str, count: int) -> float:
        return count / runner.take_turn(stage, images, count).wall

    counts = {}
    for stage, images in STAGES:
        some = WARM_UP[stage] if stage == "textbook" or on_cpu else FULL_BATCHES
        reached(stage, images, some)
        first = reached(stage, images, some)
        count = max(FEWEST[stage], round(seconds * first))
        counts[stage, images] = whole_passes(runner.ready["files"][images], count)
    return {key: [reached(*key, counts[key]) for _ in range(rounds)] for key in STAGES}


if __name__ == "__main__":
    main()
