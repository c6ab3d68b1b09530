"""What a run waits for the longest."""

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
