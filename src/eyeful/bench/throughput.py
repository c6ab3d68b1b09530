"""Images per second of each stage and of the whole, in interleaved rounds; medians and spread."""

from __future__ import annotations

import gc
import statistics
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eyeful.bench.startup import startup
from eyeful.bundle import is_bundle, read_bundle
from eyeful.classifier import Classifier
from eyeful.engines import ModuleFamily, family
from eyeful.errors import UsageError
from eyeful.loading import load
from eyeful.models import ModelRequest, find_model
from eyeful.pipeline import Stage, advice
from eyeful.predictor import origin
from eyeful.prepare import network_of
from eyeful.sources import open_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from eyeful.types import Item

STAGES = ("textbook", "eyeful", "decode", "forward")


@dataclass(frozen=True, slots=True)
class Figures:
    """What a benchmark measured; rates in images per second.

    Attributes:
        engine, precision, device: what ran.
        rates: every round's rate, by stage: the textbook loop, eyeful end to end, decode only, forward only.
        startup: seconds of whole processes that classify one image, and their peak memory in MB.
    """

    engine: str
    precision: str
    device: str
    num_images: int
    rates: dict[str, list[float]]
    startup: dict[str, float] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """What ran: "openvino bf16 on cpu"."""
        return f"{self.engine} {self.precision} on {self.device}"

    def median(self, stage: str) -> float:
        """A stage's median rate."""
        return statistics.median(self.rates[stage])

    @property
    def estimate(self) -> float:
        """The composite estimate 1 / (1/decode + 1/forward): what both stages reach when they share the cores."""
        return 1 / (1 / self.median("decode") + 1 / self.median("forward"))

    @property
    def speedup(self) -> float:
        """The rate of eyeful over the textbook loop."""
        return self.median("eyeful") / self.median("textbook")

    @property
    def bottleneck(self) -> str:
        """The slower stage, and the flag that would move it."""
        stage: Stage = "decode" if self.median("decode") < self.median("forward") else "forward"
        return advice(stage, self.device, self.precision)


def bench(
    model: str,
    images: Any,
    *,
    checkpoint: Path | None = None,
    labels: Path | None = None,
    num_images: int = 1000,
    rounds: int = 3,
    start_up: bool = True,
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
        **options: what else `eyeful.load` takes.

    Raises:
        UsageError: there are no files among the images.
        MissingExtraError: torch, which the textbook loop needs, is not installed.
    """
    from eyeful.bench.textbook import textbook_loop

    found = [item for item in open_source(images).items if isinstance(item.content, Path)]
    module, architecture = _network(model, checkpoint, labels)
    own = {"labels": labels} | ({} if is_bundle(Path(model)) else {"checkpoint": checkpoint})
    with load(model, **own, **options) as classifier:  # type: ignore[arg-type]
        items = [item for item, row in zip(found, classifier.stream(found), strict=True) if row.ok]
        if not items:
            raise UsageError("none of the images to measure with is a file that can be opened")
        items = list(islice(cycle(items), num_images))
        loop = textbook_loop(module, classifier.preprocessing, classifier.device)
        batch_NHWC = _first_batch(classifier, items)
        stages: dict[str, Callable[[], int]] = {
            "textbook": lambda: _count(loop(item.content) for item in items[: max(1, num_images // 5)]),  # type: ignore[arg-type]
            "eyeful": lambda: _count(classifier.stream(items)),
            "decode": lambda: _count(classifier.preprocessed(items)),
            "forward": lambda: _forward(classifier, batch_NHWC, num_images),
        }
        rates: dict[str, list[float]] = {stage: [] for stage in STAGES}
        for _ in range(rounds):
            for stage, run in stages.items():
                rates[stage].append(_rate(run))
        path = (classifier.engine, classifier.precision, classifier.device)
    first = items[0].content
    flags = ["--model", model]
    for name, value in (own | options).items():
        values = value if isinstance(value, tuple) else (value,)
        flags += [f"--{name.replace('_', '-')}", *map(str, values)] if value is not None else []
    return Figures(
        *path,
        num_images,
        rates,
        startup(flags, first, architecture) if start_up and isinstance(first, Path) else {},
    )


def _network(model: str, checkpoint: Path | None, labels: Path | None) -> tuple[nn.Module, str]:
    """The network for the textbook loop, and which of TorchVision's the start-up script shall build."""
    if is_bundle(Path(model)):
        bundle = read_bundle(Path(model))
        if isinstance(family(bundle.manifest.engine), ModuleFamily):
            return network_of(bundle), _in_torchvision(bundle.manifest.architecture)
    found = find_model(ModelRequest((origin(model, checkpoint) or {"model": model})["model"], checkpoint, labels))
    return found.load()[0], _in_torchvision(asdict(found.architecture))


def _in_torchvision(architecture: dict[str, Any]) -> str:
    return str(architecture["name"]) if architecture["library"] == "torchvision" else "resnet18"


def _rate(run: Callable[[], int]) -> float:
    gc.collect()
    started = time.perf_counter()
    count = run()
    return count / (time.perf_counter() - started)


def _count(things: Any) -> int:
    return sum(1 for _ in things)


def _first_batch(classifier: Classifier, items: list[Item]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    loaded = classifier.preprocessed(items[: classifier.batch_size])
    return np.stack([row.pixels_HWC for row in loaded if row.pixels_HWC is not None])


def _forward(classifier: Classifier, batch_NHWC: np.ndarray[Any, np.dtype[np.uint8]], num_images: int) -> int:
    """Keep the engine as full as the pipeline would."""
    in_flight: deque[Any] = deque()
    done = 0
    for _ in range(max(1, num_images // len(batch_NHWC))):
        in_flight.append(classifier.predictor.forward(batch_NHWC))
        if len(in_flight) > classifier.predictor.engine.capacity:
            done += len(in_flight.popleft().result().logits_NK)
    return done + sum(len(future.result().logits_NK) for future in in_flight)
