"""Threads against processes on many cores: `python bench/cores.py PHOTOS [--device cuda] [--json FILE]`.

The decode stage alone, and eyeful end to end, with the cores given to the decode threads of one process, or shared
by several processes on the same device: images per second of all together, the median of three rounds. ResNet-18
with random weights.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from figures import add_json_flag, write_figures
from machine import machine
from turns import Runner, answer, request

from eyeful.cpu import usable_cores
from eyeful.wording import rate
from models import random_checkpoint

ROUNDS = 3
STAGES = ("decode", "eyeful")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--processes", nargs="+", type=int, default=[1, 2, 4, 8])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2, 4, 8, 16], help="of one process alone")
    parser.add_argument("--seconds", type=float, default=1.5, help="of each round, about")
    add_json_flag(parser)
    asked = parser.parse_args()
    cores = usable_cores()
    threads = [count for count in asked.threads if count < cores]
    print(f"{machine()}; {ROUNDS} rounds\n")
    print("| processes | decode threads of each | decode | eyeful |\n|---|---|---|---|")
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = str(random_checkpoint("resnet18", Path(folder)))
        shared = {"photos": str(asked.photos), "checkpoint": checkpoint, "device": asked.device}
        for count, each in [*((1, one) for one in threads), *((one, cores // one) for one in asked.processes)]:
            found = together(shared | {"workers": each}, count, asked.seconds)
            rows.append({"processes": count, "threads": each, **found})
            print(f"| {count} | {each} | {' | '.join(rate(found[stage]) for stage in STAGES)} |", flush=True)
            write_figures(asked.json, rows, rounds=ROUNDS, network="resnet18", device=asked.device)


def together(job: dict[str, Any], count: int, seconds: float) -> dict[str, float]:
    """Images per second of so many processes at once, by stage."""
    with ExitStack() as stack, ThreadPoolExecutor(count) as threads:
        starts = [threads.submit(Runner, __file__, job) for _ in range(count)]
        runners = [stack.enter_context(start.result()) for start in starts]

        def reached(stage: str, images: int) -> float:
            taken = list(threads.map(lambda runner: runner.take_turn(stage, images).wall, runners))
            return count * images / max(taken)

        found = {}
        for stage in STAGES:
            reached(stage, 128)
            images = max(128, round(reached(stage, 128) * seconds / count))
            found[stage] = round(statistics.median(reached(stage, images) for _ in range(ROUNDS)), 1)
    return found


def prepare(photos: str, checkpoint: str, device: str, workers: int) -> tuple[str, Callable[[str, int], object]]:
    """What one of the processes does."""
    from eyeful.loading import load
    from eyeful.sources import open_source

    files = [item.content for item in open_source(photos).items]
    classifier = load("resnet18", checkpoint=checkpoint, device=device, workers=workers)
    stages = {"decode": classifier.preprocessed, "eyeful": classifier.stream}
    return classifier.device, lambda stage, count: sum(1 for _ in stages[stage](list(islice(cycle(files), count))))


if __name__ == "__main__":
    if (job := request()) is not None:
        answer(lambda: prepare(**job))
    else:
        main()
