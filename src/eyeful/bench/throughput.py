"""Images per second, and per second of a core's work, of each stage and the whole; interleaved rounds, medians."""

from __future__ import annotations

import gc
import statistics
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from eyeful.bench.startup import startup
from eyeful.bundle import is_bundle, read_bundle
from eyeful.classifier import Classifier
from eyeful.engines import ModuleFamily, family
from eyeful.errors import UsageError
from eyeful.loading import load
from eyeful.models import ModelRequest, find_model
from eyeful.pipeline import advice
from eyeful.predictor import origin
from eyeful.prepare import network_of
from eyeful.prepare.taught import network_behind
from eyeful.sources import open_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from eyeful.types import Item

_FEWEST_ROUNDS = 3
_SHORTEST_ROUND = 2.0
"""Seconds of eyeful's rounds, below which start and end of a stream weigh too much."""
_LARGEST_SPREAD = 0.2
"""How much faster than the slowest a round may be: more, and the machine did something else meanwhile."""
_WARM_UP = 16
"""Images of each stage before the first round: the first calls of every library are slow."""

STAGES = ("textbook", "eyeful", "decode", "forward")
_MILLION = 1_000_000


class _Round(NamedTuple):
    """What one round of a stage reached: images per second by the clock, and per second of a core's work."""

    rate: float
    core_rate: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What a benchmark measured; rates in images per second.

    Attributes:
        engine, precision, device: what ran.
        num_images: in each round; the textbook loop takes a fifth of them.
        rates: every round's rate, by stage: the textbook loop, eyeful end to end, decode only, forward only.
        core_rates: every round's images per core-second, by stage: per CPU second of this process, all its threads
            together. Work on a GPU is not in it.
        startup: seconds of whole processes that classify one image, and their peak memory in MB.
        bottleneck: the slower stage, and what would move it.
    """

    engine: str
    precision: str
    device: str
    num_images: int
    rates: dict[str, list[float]]
    core_rates: dict[str, list[float]] = field(default_factory=dict)
    startup: dict[str, float] = field(default_factory=dict)
    bottleneck: str = ""

    @property
    def path(self) -> str:
        """What ran: "openvino bf16 on cpu"."""
        return f"{self.engine} {self.precision} on {self.device}"

    def median(self, stage: str) -> float:
        """A stage's median rate."""
        return statistics.median(self.rates[stage])

    def median_per_core(self, stage: str) -> float:
        """A stage's median of images per core-second."""
        return statistics.median(self.core_rates[stage])

    def core_hours(self, stage: str) -> float:
        """Hours of one core that a stage works for a million images."""
        return _MILLION / self.median_per_core(stage) / 3600

    def hours(self, stage: str) -> float:
        """Hours by the clock that a stage takes on this machine for a million images."""
        return _MILLION / self.median(stage) / 3600

    @property
    def estimate(self) -> float:
        """The composite estimate 1 / (1/decode + 1/forward): what both stages reach when they share the cores."""
        return 1 / (1 / self.median("decode") + 1 / self.median("forward"))

    @property
    def speedup(self) -> float:
        """The rate of eyeful over the textbook loop."""
        return self.median("eyeful") / self.median("textbook")

    @property
    def noise(self) -> list[str]:
        """Why a ratio of these rates would mean little: too few rounds, too short ones, or rounds that differ."""
        found = []
        rounds = len(self.rates["eyeful"])
        if rounds < _FEWEST_ROUNDS:
            found.append(f"{rounds} round{'' if rounds == 1 else 's'}, not {_FEWEST_ROUNDS}")
        shortest = self.num_images / max(self.rates["eyeful"])
        if shortest < _SHORTEST_ROUND:
            found.append(f"a round lasts {shortest:.1f} s, less than {_SHORTEST_ROUND:.0f} s")
        spread = max(max(self.rates[stage]) / min(self.rates[stage]) - 1 for stage in ("textbook", "eyeful"))
        if spread > _LARGEST_SPREAD:
            found.append(f"rounds differ by {spread:.0%}")
        return found


def bench(
    model: str,
    images: Any,
    *,
    checkpoint: Path | None = None,
    labels: Path | None = None,
    num_images: int = 1000,
    rounds: int = 3,
    start_up: bool = True,
    on_stage: Callable[[str], object] = lambda _: None,
    **options: Any,
) -> Figures:
    """Measure the textbook loop and eyeful on the same files and weights.

    Args:
        model: as for `eyeful.load`, and so the next two.
        checkpoint: local weights; of a bundle, those that it was made of.
        labels: names in place of the model's own.
        images: files or folders; repeated up to `num_images`.
        num_images: how many each round classifies (the textbook loop: a fifth of them).
        rounds: how often each stage runs, in turn.
        start_up: measure whole processes too.
        on_stage: told what is being done, since all of it takes a minute.
        **options: what else `eyeful.load` takes.

    Raises:
        UsageError: there are no files among the images.
        MissingExtraError: torch, which the textbook loop needs, is not installed.
    """
    from eyeful.bench.textbook import textbook_loop

    on_stage(f"loading {model}")
    found = [item for item in open_source(images).items if isinstance(item.content, Path)]
    module, architecture = _network(model, checkpoint, labels)
    own = {"labels": labels} | ({} if is_bundle(Path(model)) else {"checkpoint": checkpoint})
    with load(model, **own, **options) as classifier:  # type: ignore[arg-type]
        items = [item for item, row in zip(found, classifier.stream(found), strict=True) if row.ok]
        if not items:
            raise UsageError("none of the images to measure with is a file that can be opened")
        items = list(islice(cycle(items), num_images))
        loop = textbook_loop(module, classifier.preprocessing, classifier.device)
        measured = _measured(classifier, loop, items, rounds, on_stage)
        rates = {stage: [one.rate for one in runs] for stage, runs in measured.items()}
        core_rates = {stage: [one.core_rate for one in runs] for stage, runs in measured.items()}
        path = (classifier.engine, classifier.precision, classifier.device)
        decode, forward = (statistics.median(rates[stage]) for stage in ("decode", "forward"))
        bottleneck = advice("decode" if decode < forward else "forward", classifier)
    first = items[0].content
    flags = ["--model", model]
    for name, value in (own | options).items():
        if isinstance(value, bool):
            flags += [] if value else [f"--no-{name.replace('_', '-')}"]
            continue
        values = value if isinstance(value, tuple) else (value,)
        flags += [f"--{name.replace('_', '-')}", *map(str, values)] if value is not None else []
    processes = {}
    if start_up and isinstance(first, Path):
        on_stage("starting whole processes, for one image each")
        processes = startup(flags, first, architecture)
    return Figures(*path, num_images, rates, core_rates, processes, bottleneck)


def _measured(
    classifier: Classifier,
    loop: Callable[[Path], object],
    items: list[Item],
    rounds: int,
    on_stage: Callable[[str], object],
) -> dict[str, list[_Round]]:
    """Every round, by stage; before the first one each stage runs for a few images."""
    batch_NHWC = _first_batch(classifier, items)
    stages: dict[str, Callable[[int], int]] = {
        "textbook": lambda count: _count(loop(item.content) for item in items[: max(1, count // 5)]),  # type: ignore[arg-type]
        "eyeful": lambda count: _count(classifier.stream(items[:count])),
        "decode": lambda count: _count(classifier.preprocessed(items[:count])),
        "forward": lambda count: forward_images(classifier, batch_NHWC, count),
    }
    for stage, run in stages.items():
        on_stage(f"warming up: {stage}")
        run(_WARM_UP)
    measured: dict[str, list[_Round]] = {stage: [] for stage in STAGES}
    for number in range(1, rounds + 1):
        for stage, run in stages.items():
            on_stage(f"round {number} of {rounds}: {stage}")
            measured[stage].append(_round(partial(run, len(items))))
    return measured


def _network(model: str, checkpoint: Path | None, labels: Path | None) -> tuple[nn.Module, str]:
    """The network for the textbook loop, and which of TorchVision's the start-up script shall build."""
    if is_bundle(Path(model)):
        bundle = read_bundle(Path(model))
        if isinstance(family(bundle.manifest.engine), ModuleFamily):
            return network_of(bundle), _in_torchvision(bundle.manifest.architecture)
        if bundle.manifest.taught is not None:
            return network_behind(bundle, checkpoint), _in_torchvision(bundle.manifest.architecture)
    found = find_model(ModelRequest((origin(model, checkpoint) or {"model": model})["model"], checkpoint, labels))
    return found.load()[0], _in_torchvision(asdict(found.architecture))


def _in_torchvision(architecture: dict[str, Any]) -> str:
    return str(architecture["name"]) if architecture["library"] == "torchvision" else "resnet18"


def _round(run: Callable[[], int]) -> _Round:
    gc.collect()
    started, started_cpu = time.perf_counter(), time.process_time()
    count = run()
    wall, cpu = time.perf_counter() - started, time.process_time() - started_cpu
    return _Round(count / wall, count / max(cpu, time.get_clock_info("process_time").resolution))


def _count(things: Any) -> int:
    return sum(1 for _ in things)


def _first_batch(classifier: Classifier, items: list[Item]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    loaded = classifier.preprocessed(items[: classifier.batch_size])
    return np.stack([row.pixels_HWC for row in loaded if row.pixels_HWC is not None])


def forward_images(
    classifier: Classifier, batch_NHWC: np.ndarray[Any, np.dtype[np.uint8]], num_images: int
) -> int:
    """Run a batch again and again, keeping the engine as full as the pipeline would; how many images that were."""
    in_flight: deque[Any] = deque()
    done = 0
    for _ in range(max(1, num_images // len(batch_NHWC))):
        in_flight.append(classifier.predictor.forward(batch_NHWC))
        if len(in_flight) > classifier.predictor.engine.capacity:
            done += len(in_flight.popleft().result().logits_NK)
    return done + sum(len(future.result().logits_NK) for future in in_flight)
