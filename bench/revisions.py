"""Two revisions of eyeful beside each other: `python bench/revisions.py OLD_CHECKOUT PHOTOS CAMERA`, as Markdown.

Each revision runs in a process of its own, with its own prepared models, and both take turns, stage by stage:
what else the machine does meets both. Of each network: the textbook loop (the same code in both, so each round
runs it in one of them), eyeful end to end, decoding only, the forward pass only; medians of the rounds, and of the
ratios new / old of the rounds, with the least and the most. PHOTOS holds images of ordinary size, CAMERA some of
many megapixels. EfficientNet-Lite0 has its own weights, TorchVision's networks random ones, so nothing is
downloaded. All five take about ten minutes on two cores; `--models`, `--rounds`, `--seconds` make it shorter.
"""

import argparse
import itertools
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from turns import Runner, answer, request

from eyeful.wording import rate

MODELS = ("resnet18", "efficientnet_lite0", "mobilenet_v3_large", "convnext_tiny", "vit_b_16")
WARM_UP = {"textbook": 5, "eyeful": 32, "decode": 32, "forward": 32}
STAGES = [
    *((stage, "photographs") for stage in ("textbook", "eyeful", "decode", "forward")),
    *((stage, "camera") for stage in ("textbook", "eyeful", "decode")),
]
FEWEST = {"textbook": 12, "eyeful": 64, "decode": 64, "forward": 64}
"""Images of a round: with fewer, the start and the end of a stream weigh too much."""


class Measured(NamedTuple):
    """Rates of one stage in every round, of both revisions: images per second."""

    old: list[float]
    new: list[float]

    @property
    def medians(self) -> tuple[float, float]:
        """Of the old and of the new revision."""
        return statistics.median(self.old), statistics.median(self.new)

    @property
    def gain(self) -> str:
        """How many times as fast the new one is: the median of the rounds, the least and the most."""
        ratios = sorted(new / old for old, new in zip(self.old, self.new, strict=True))
        return f"**{statistics.median(ratios):.2f}** ({ratios[0]:.2f}-{ratios[-1]:.2f})"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", type=Path, help="a checkout, such as `git worktree add` makes")
    parser.add_argument("photos", type=Path)
    parser.add_argument("camera", type=Path)
    parser.add_argument("--new", type=Path, default=Path(__file__).parents[1], help="another checkout; this one")
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each stage in each round, about")
    parser.add_argument(
        "--clock", choices=("wall", "cpu"), default="wall", help="cpu: seconds of cores; on a busy machine"
    )
    asked = parser.parse_args()
    from machine import load_note, machine

    print(f"{machine()}; {revision(asked.old)} against {revision(asked.new)}; {asked.rounds} rounds", end="")
    print(f"; images per {'second of a core' if asked.clock == 'cpu' else 'second'}\n{load_note()}", flush=True)
    started = time.perf_counter()
    found = {name: of_model(name, asked) for name in asked.models}
    print_tables(found)
    print(f"\n{time.perf_counter() - started:.0f} s in all. What ran:")
    for name, (paths, _) in found.items():
        print(f"{name}: {paths[0]}; {paths[1]}")


def of_model(name: str, asked: argparse.Namespace) -> tuple[list[str], dict[tuple[str, str], Measured]]:
    """What ran of both revisions, and their rates by stage and kind of images."""
    from models import random_checkpoint

    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        own = name == "efficientnet_lite0"
        model = {
            "name": name,
            "checkpoint": None if own else str(random_checkpoint(name, Path(folder))),
            "precision": asked.precision,
            "photos": {"photographs": str(asked.photos), "camera": str(asked.camera)},
        }
        both = []
        for title, checkout in (("old", asked.old), ("new", asked.new)):
            places = {"PYTHONPATH": str(checkout.resolve() / "src"), "EYEFUL_HOME": f"{folder}/{title}"}
            both.append(stack.enter_context(Runner(__file__, model, places)))
        found = measure(both, asked)
        old, new = found["eyeful", "photographs"].medians
        print(f"measured: {name}, {rate(old)} and {rate(new)} images/s", file=sys.stderr)
        return [one.ready["path"] for one in both], found


def measure(both: list[Runner], asked: argparse.Namespace) -> dict[tuple[str, str], Measured]:
    """Rates by stage and kind of images, the two in turns, each the first in every second round."""

    def reached(runner: Runner, stage: str, images: str, count: int) -> float:
        return count / getattr(runner.take_turn(stage, images, count), asked.clock)

    counts = {}
    for stage, images in STAGES:
        first = min(reached(runner, stage, images, WARM_UP[stage]) for runner in both)
        count = max(FEWEST[stage], round(asked.seconds * first))
        counts[stage, images] = whole_passes(both[0].ready["files"][images], count)
    found = {key: Measured([], []) for key in STAGES}
    for number in range(asked.rounds):
        for key in STAGES:
            order = (0, 1) if number % 2 == 0 else (1, 0)
            for place in order[:1] if key[0] == "textbook" else order:
                found[key][place].append(reached(both[place], *key, counts[key]))
    return found


def whole_passes(files: int, count: int) -> int:
    """About `count` images, all files equally often where there are enough of them: their sizes differ."""
    return files * max(1, round(count / files)) if count > files / 2 else count


def print_tables(found: dict[str, tuple[list[str], dict[tuple[str, str], Measured]]]) -> None:
    """One table for each kind of images end to end, and one of the stages."""
    for images in ("photographs", "camera"):
        print(f"\n| {images}, end to end | loop | old | of the estimate | new | of the estimate | new / old |")
        print("|---|---|---|---|---|---|---|")
        for name, (_, rates) in found.items():
            loop = statistics.median(rates["textbook", images].old + rates["textbook", images].new)
            decodes, forwards = rates["decode", images].medians, rates["forward", "photographs"].medians
            cells = []
            for reached, decode, forward in zip(rates["eyeful", images].medians, decodes, forwards, strict=True):
                cells += [
                    f"{rate(reached)} ({reached / loop:.1f}x)",
                    f"{reached * (1 / decode + 1 / forward):.2f}",
                ]
            print(f"| {name} | {rate(loop)} | {' | '.join(cells)} | {rates['eyeful', images].gain} |")
    stages = (("decode", "photographs"), ("decode", "camera"), ("forward", "photographs"))
    titles = ("decode, photographs", "decode, camera", "forward")
    print(f"\n| one stage | {' | '.join(f'{title}: old | new | new / old' for title in titles)} |")
    print("|---|" + "---|" * 9)
    for name, (_, rates) in found.items():
        cells = []
        for key in stages:
            cells += [*map(rate, rates[key].medians), rates[key].gain]
        print(f"| {name} | {' | '.join(cells)} |")
    rounds = [rates for _, stages in found.values() for both in stages.values() for rates in both if rates]
    spread = max(max(rates) / min(rates) - 1 for rates in rounds)
    print(f"\nRounds of one revision differ by at most {spread:.0%}.")


def revision(checkout: Path) -> str:
    """The commit that a checkout stands at, marked where files differ from it."""
    command = ["git", "-C", str(checkout), "describe", "--always", "--dirty", "--exclude", "*"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603


def prepare(
    name: str, checkpoint: str | None, precision: str, photos: dict[str, str], device: str = "cpu"
) -> tuple[dict[str, Any], Callable[[str, str, int], object]]:
    """What a revision's own process does: open the model, and run a stage on so many images of a kind."""
    from eyeful.bench.textbook import textbook_loop
    from eyeful.loading import load
    from eyeful.models import ModelRequest, find_model
    from eyeful.sources import open_source

    weights = Path(checkpoint) if checkpoint else None
    found = find_model(ModelRequest(name, weights))
    files = {kind: [item.content for item in open_source(folder).items] for kind, folder in photos.items()}
    for some in files.values():
        random.Random(0).shuffle(some)  # noqa: S311 - an order
    classifier = load(name, checkpoint=weights, device=device, precision=precision)
    loop = textbook_loop(found.load()[0], found.preprocessing, classifier.device)
    stages: dict[str, Callable[[list[Path]], object]] = {
        "textbook": lambda some: [loop(file) for file in some],
        "eyeful": lambda some: sum(1 for _ in classifier.stream(some)),
        "decode": lambda some: sum(1 for _ in classifier.preprocessed(some)),
        "forward": lambda some: forward(classifier, len(some)),
    }
    path = f"{classifier.engine} {classifier.precision} on {classifier.device}, batches of {classifier.batch_size}"
    ready = {"path": path, "files": {kind: len(some) for kind, some in files.items()}}
    return ready, lambda stage, kind, count: stages[stage](
        list(itertools.islice(itertools.cycle(files[kind]), count))
    )


def forward(classifier: Any, count: int) -> None:
    """Keep the engine as full as the pipeline does, with `count` images of noise."""
    import numpy as np

    size = (*classifier.preprocessing.size, 3)
    batch_NHWC = np.random.default_rng(0).integers(0, 256, (classifier.batch_size, *size), dtype=np.uint8)
    in_flight: deque[Any] = deque()
    while count > 0:
        in_flight.append(classifier.predictor.forward(batch_NHWC[:count]))
        count -= classifier.batch_size
        if len(in_flight) > classifier.predictor.engine.capacity:
            in_flight.popleft().result()
    for future in in_flight:
        future.result()


if __name__ == "__main__":
    if (model := request()) is not None:
        answer(lambda: prepare(**model))
    else:
        main()
