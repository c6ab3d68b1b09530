"""What a run waits for the longest, and what would make it faster."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from eyeful.cpu import usable_cores
from eyeful.engines.machine import gpu, native_precisions
from eyeful.extras import available

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eyeful.pipeline.base import SupportsStream

Stage = Literal["decode", "forward", "write"]


@dataclass(slots=True)
class StageTimer:
    """Seconds for which a run's own thread stood waiting for each stage; the longest is the bottleneck."""

    seconds: dict[Stage, float] = field(default_factory=lambda: {"decode": 0.0, "forward": 0.0, "write": 0.0})

    @contextmanager
    def on(self, stage: Stage) -> Iterator[None]:
        """Count the time of a block as waiting for a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - started

    @property
    def longest(self) -> Stage:
        """The stage that was waited for the longest."""
        return max(self.seconds, key=lambda stage: self.seconds[stage])


def advice(stage: Stage, classifier: SupportsStream) -> str:
    """The stage that limits, and what would move it on this machine, as half a sentence.

    Args:
        stage: what was waited for the longest.
        classifier: what ran.
    """
    if classifier.engine == "server":
        return f"the server at {classifier.device}, or the way to it"
    if stage == "decode":
        return f"decoding images; {_or(_faster_decode(classifier))} would move it"
    if stage == "write":
        return "writing the outputs; fewer of them or a faster disk would move it"
    ways = _faster_forward(classifier)
    return f"the forward pass; {_or(ways)} would move it" if ways else "the forward pass"


def _faster_decode(classifier: SupportsStream) -> list[str]:
    cores = usable_cores()
    more = f"--workers {cores}" if classifier.workers < cores else "more cores"
    return [more, "smaller files"]


def _faster_forward(classifier: SupportsStream) -> list[str]:
    """Only what this machine, installation and model have not got already."""
    ways = []
    if classifier.provenance["architecture"]["name"] != _SMALL:
        ways.append("a smaller --model")
    if not classifier.device.startswith("cpu"):
        return [*ways, "a larger --batch-size"]
    if classifier.engine == "openvino" and classifier.precision == "fp32" and "bf16" in native_precisions():
        ways.append("--precision bf16")
    if classifier.precision != "int8" and "int8" in native_precisions() and available("nncf"):
        ways.append("an int8 bundle (`eyeful export --precision int8`)")
    if (device := gpu()) is not None:
        ways.append(f"--device {device}")
    return ways or ["more cores"]


_SMALL = "tf_efficientnet_lite0"
"""The default model's architecture: what is smaller is less accurate by much."""


def _or(ways: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(ways[:-1]), ways[-1])))
