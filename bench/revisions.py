"""Two revisions of eyeful beside each other: `python bench/revisions.py OLD_CHECKOUT PHOTOS CAMERA`, as Markdown.

Each revision runs in a process of its own, with its own prepared models, and both take turns, stage by stage:
what else the machine does meets both. Of each network: the textbook loop (the same code in both, so each round
runs it in one of them), eyeful end to end, decoding only, the forward pass only; medians of the rounds, and of the
ratios new / old of the rounds, with the least and the most. PHOTOS holds images of ordinary size, CAMERA some of
many megapixels. EfficientNet-Lite0 has its own weights, TorchVision's networks random ones, so nothing is
downloaded. All five take about ten minutes on two cores; `--models`, `--rounds`, `--seconds` make it shorter.
"""

import argparse
import gc
import itertools
import json
import os
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
from typing import Any, NamedTuple, Self

MODELS = ("resnet18", "efficientnet_lite0", "mobilenet_v3_large", "convnext_tiny", "vit_b_16")
WARM_UP = {"textbook": 5, "eyeful": 32, "decode": 32, "forward": 32}
FEWEST = {"textbook": 12, "eyeful": 64, "decode": 64, "forward": 64}
"""Images of a round: with fewer, the start and the end of a stream weigh too much."""
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


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


class Revision:
    """A checkout in a process of its own, which runs what it is asked to."""

    def __init__(self, checkout: Path, home: Path, model: dict[str, Any]) -> None:
        command = [sys.executable, __file__, "--answer", json.dumps(model)]
        environment = os.environ | {"PYTHONPATH": str(checkout / "src"), "EYEFUL_HOME": str(home)}
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.path, self._files = self._reply()

    def rate(self, stage: str, images: str, count: int) -> float:
        """Images per second of a stage on the first `count` images of a kind."""
        print(json.dumps([stage, images, count]), file=self._process.stdin, flush=True)
        return float(self._reply())

    def whole_passes(self, images: str, count: int) -> int:
        """About as many images, all of a kind equally often where there are enough of them: their sizes differ."""
        files = self._files[images]
        return files * max(1, round(count / files)) if count > files / 2 else count

    def _reply(self) -> Any:
        if not (line := self._process.stdout.readline()):
            sys.exit(f"a revision ended with {self._process.wait()}: its own message is above")
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # the end of its input is the end of its work


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
    parser.add_argument("--seconds", type=float, default=2.5, help="of each stage in each round, about")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu: seconds of cores; on a busy machine")
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


def of_model(name: str, asked: argparse.Namespace) -> tuple[tuple[str, str], dict[tuple[str, str], Measured]]:
    """What ran of both revisions, and their rates by stage and kind of images."""
    from models import random_checkpoint

    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        own = name == "efficientnet_lite0"
        model = {
            "model": name,
            "checkpoint": None if own else str(random_checkpoint(name, Path(folder))),
            "precision": asked.precision,
            "clock": asked.clock,
            "photos": {"photographs": str(asked.photos), "camera": str(asked.camera)},
        }
        both = [
            stack.enter_context(Revision(checkout.resolve(), Path(folder) / title, model))
            for title, checkout in (("old", asked.old), ("new", asked.new))
        ]
        stages = [(s, "photographs") for s in ("textbook", "eyeful", "decode", "forward")]
        stages += [(s, "camera") for s in ("textbook", "eyeful", "decode")]
        counts = {}
        for stage, images in stages:
            first = min(one.rate(stage, images, WARM_UP[stage]) for one in both)
            count = max(FEWEST[stage], round(asked.seconds * first))
            counts[stage, images] = both[0].whole_passes(images, count)
        found = {key: Measured([], []) for key in stages}
        for number in range(asked.rounds):
            for key in stages:
                order = (0, 1) if number % 2 == 0 else (1, 0)
                for place in order[:1] if key[0] == "textbook" else order:
                    found[key][place].append(both[place].rate(*key, counts[key]))
        old, new = found["eyeful", "photographs"].medians
        print(f"measured: {name}, {old:.1f} and {new:.1f} images/s", file=sys.stderr)
        return (both[0].path, both[1].path), found


def print_tables(found: dict[str, tuple[Any, dict[tuple[str, str], Measured]]]) -> None:
    """One table for each kind of images end to end, and one of the stages."""
    for images in ("photographs", "camera"):
        print(f"\n| {images}, end to end | loop | old | of the estimate | new | of the estimate | new / old |")
        print("|---|---|---|---|---|---|---|")
        for name, (_, rates) in found.items():
            loop = statistics.median(rates["textbook", images].old + rates["textbook", images].new)
            decodes, forwards = rates["decode", images].medians, rates["forward", "photographs"].medians
            cells = []
            for rate, decode, forward in zip(rates["eyeful", images].medians, decodes, forwards, strict=True):
                cells += [f"{rate:.0f} ({rate / loop:.1f}x)", f"{rate * (1 / decode + 1 / forward):.2f}"]
            print(f"| {name} | {loop:.1f} | {' | '.join(cells)} | {rates['eyeful', images].gain} |")
    stages = (("decode", "photographs"), ("decode", "camera"), ("forward", "photographs"))
    titles = ("decode, photographs", "decode, camera", "forward")
    print(f"\n| one stage | {' | '.join(f'{title}: old | new | new / old' for title in titles)} |")
    print("|---|" + "---|" * 9)
    for name, (_, rates) in found.items():
        cells = []
        for key in stages:
            cells += [*(f"{rate:.0f}" for rate in rates[key].medians), rates[key].gain]
        print(f"| {name} | {' | '.join(cells)} |")
    rounds = [rates for _, stages in found.values() for both in stages.values() for rates in both if rates]
    spread = max(max(rates) / min(rates) - 1 for rates in rounds)
    print(f"\nRounds of one revision differ by at most {spread:.0%}.")


def revision(checkout: Path) -> str:
    """The commit that a checkout stands at, marked where files differ from it."""
    command = ["git", "-C", str(checkout), "describe", "--always", "--dirty", "--exclude", "*"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603


def answer(model: dict[str, Any]) -> None:
    """What a revision's own process does: open the model, then run a stage for every line that comes."""
    replies, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no reply
    from eyeful.bench.textbook import textbook_loop
    from eyeful.loading import load
    from eyeful.models import ModelRequest, find_model
    from eyeful.sources import open_source

    name, checkpoint = model["model"], Path(model["checkpoint"]) if model["checkpoint"] else None
    found = find_model(ModelRequest(name, checkpoint))
    files = {
        kind: [item.content for item in open_source(folder).items] for kind, folder in model["photos"].items()
    }
    for some in files.values():
        random.Random(0).shuffle(some)  # noqa: S311 - an order
    with load(name, checkpoint=checkpoint, device="cpu", precision=model["precision"]) as classifier:
        loop = textbook_loop(found.load()[0], found.preprocessing, "cpu")
        stages: dict[str, Callable[[list[Path]], object]] = {
            "textbook": lambda some: [loop(file) for file in some],
            "eyeful": lambda some: sum(1 for _ in classifier.stream(some)),
            "decode": lambda some: sum(1 for _ in classifier.preprocessed(some)),
            "forward": lambda some: forward(classifier, len(some)),
        }
        path = f"{classifier.engine} {classifier.precision}, batches of {classifier.batch_size}"
        print(json.dumps([path, {kind: len(some) for kind, some in files.items()}]), file=replies, flush=True)
        clock = CLOCKS[model["clock"]]
        for line in sys.stdin:
            stage, kind, count = json.loads(line)
            some = list(itertools.islice(itertools.cycle(files[kind]), count))
            gc.collect()
            started = clock()
            stages[stage](some)
            print(json.dumps(count / (clock() - started)), file=replies, flush=True)


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
    answer(json.loads(sys.argv[2])) if sys.argv[1:2] == ["--answer"] else main()
