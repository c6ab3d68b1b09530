"""What a run waits for the longest, and what would make it faster."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

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


def advice(stage: Stage, device: str, precision: str) -> str:
    """The stage that limits, and the flag that would move it, as half a sentence."""
    if stage == "decode":
        return "decoding images; more cores (--workers) or smaller files would move it"
    if stage == "write":
        return "writing the outputs; fewer of them (--report, --figures) or a faster disk would move it"
    cheaper = {"fp32": ", --precision bf16", "bf16": ", an int8 bundle (eyeful export)"}.get(precision, "")
    if device == "cpu":
        return f"the forward pass; a smaller --model{cheaper} or a GPU (--device cuda) would move it"
    return "the forward pass; a smaller --model or a larger --batch-size would move it"
