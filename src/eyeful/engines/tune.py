"""Try settings of engines on one model, and find the fastest that gives the same answers.

The first candidate is what would run without measuring. Another takes its place only if it gives the same logits,
and is clearly faster in every round where all take turns.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eyeful.engines.measure import ROUNDS, Measured, Meter, decode_one_image, turn_seconds
from eyeful.errors import EngineError, EyefulError, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from eyeful.engines.base import Engine
    from eyeful.engines.tunable import Settings

LEAST_GAIN = 1.1
"""How much faster than the default a candidate must be, in every round: less is noise."""
LIMIT = 3.0
"""Seconds of measuring; opening engines and their first batches come on top."""
_FEWEST_ROUNDS = 2
"""For less, a candidate says nothing: it is not tried where there is no time for them."""
_TOLERANCE = {"fp32": 1e-3}
_HALF_TOLERANCE = 2e-2
"""Largest difference of a logit over the largest logit, by precision: another order of sums, no other answer.

OpenVINO's logits were equal to the bit wherever they were compared, whatever the streams and the batch."""


@dataclass(eq=False)
class Candidate:
    """Settings to try, and what came of it.

    Attributes:
        engine: the name of its family.
        settings: a batch size of 0 becomes the engine's own.
        open: opens the engine; candidates with equal `engine` and `settings.streams` run on the first one's.
        measured: the engine at work; None before it is opened.
        left_out: why it was not measured, if it was not.
    """

    engine: str
    settings: Settings
    open: Callable[[], Engine]
    measured: Measured | None = None
    left_out: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """What came of it, as plain JSON values."""
        rate = None if self.measured is None or self.left_out else round(self.measured.rate, 1)
        told = {"images_per_s": rate, "left_out": self.left_out}
        return {"engine": self.engine, **asdict(self.settings), **told}


@dataclass(frozen=True, slots=True)
class Found:
    """The outcome.

    Attributes:
        chosen: the one to run.
        gain: its rate over the default's, the median over the rounds; 1.0 where the default stays.
        precision: the arithmetic that really ran.
    """

    chosen: Candidate
    gain: float
    precision: str


def fastest(
    candidates: Sequence[Candidate],
    probe_NHWC: NDArray[np.uint8],
    *,
    clock: Callable[[], float] = time.perf_counter,
    limit: float = LIMIT,
    decode: Callable[[], object] | None = decode_one_image,
) -> Found:
    """Measure candidates; the first is the default, with whose logits the others must agree.

    Args:
        candidates: each is told what came of it; all their engines are open at the same time.
        probe_NHWC: images of the network's size, as many as the largest batch.
        clock: seconds.
        limit: seconds of measuring.
        decode: what one image costs beside the engine.

    Raises:
        EyefulError: the default itself does not run.
    """
    with ExitStack() as opened:
        tuner = _Tuner(candidates, opened, opened.enter_context(closing(Meter(clock, decode))), probe_NHWC, limit)
        deadline = clock() + limit
        for number in range(ROUNDS):
            if number < _FEWEST_ROUNDS or clock() < deadline:
                tuner.measure()
        return tuner.found()


class _Tuner:
    """One model's candidates, opened and compared with the default where there is time to measure them."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        opened: ExitStack,
        meter: Meter,
        probe_NHWC: NDArray[np.uint8],
        limit: float,
    ) -> None:
        self._opened, self._meter, self._probe_NHWC = opened, meter, probe_NHWC
        self._engines: dict[tuple[str, int], Engine] = {}
        self._chosen, *others = candidates
        self._default, self._expected_NK = self._warmed_up(self._chosen)
        self._left = limit / _FEWEST_ROUNDS - self._default.turn_seconds
        """Seconds that a round may still take."""
        self._running: list[tuple[Candidate, Measured]] = []
        for candidate in others:
            with _left_out_where_it_fails(candidate):
                self._running.append((candidate, self._compared(candidate)))

    def measure(self) -> None:
        """Give each a turn; where no other runs, nothing has to be known of the default."""
        if self._running:
            self._meter.turn(self._default)
        for candidate, one in self._running:
            if candidate.left_out is None:
                with _left_out_where_it_fails(candidate):
                    self._meter.turn(one)

    def found(self) -> Found:
        """The fastest of those that were clearly faster than the default in every round."""
        chosen, gain = self._chosen, 1.0
        for candidate, one in self._running:
            if candidate.left_out is None:
                gains = np.divide(one.rates, self._default.rates)
                if gains.min() >= LEAST_GAIN and np.median(gains) > gain:
                    chosen, gain = candidate, float(np.median(gains))
        return Found(chosen, gain, self._default.engine.precision)

    def _compared(self, candidate: Candidate) -> Measured:
        settings = candidate.settings
        at_once = settings.batch_size * max(1, settings.streams)
        if turn_seconds(at_once, self._default.rate) <= self._left:
            one, logits_NK = self._warmed_up(candidate)
            difference = _difference(logits_NK, self._expected_NK)
            if not difference <= _TOLERANCE.get(self._default.engine.precision, _HALF_TOLERANCE):
                raise EngineError(f"its logits differ by {difference:.1e} of the largest")
            if one.turn_seconds <= self._left:
                self._left -= one.turn_seconds
                return one
        raise EngineError("no time for it")

    def _warmed_up(self, candidate: Candidate) -> tuple[Measured, NDArray[np.float32]]:
        key = candidate.engine, candidate.settings.streams
        if key not in self._engines:
            self._engines[key] = self._opened.enter_context(closing(candidate.open()))
        size = candidate.settings.batch_size or self._engines[key].batch_size
        candidate.settings = replace(candidate.settings, batch_size=size)
        one = candidate.measured = Measured(self._engines[key], np.ascontiguousarray(self._probe_NHWC[:size]))
        return one, self._meter.warm_up(one)


@contextmanager
def _left_out_where_it_fails(candidate: Candidate) -> Iterator[None]:
    try:
        yield
    except EyefulError as error:
        candidate.left_out = one_line(error, 200)


def _difference(found_NK: NDArray[np.float32], expected_NK: NDArray[np.float32]) -> float:
    """The largest difference over the largest value, of the images in both; infinite where the shapes differ."""
    rows = min(len(found_NK), len(expected_NK))
    found_NK, expected_NK = found_NK[:rows], expected_NK[:rows]
    if found_NK.shape != expected_NK.shape:
        return float("inf")
    return float(np.abs(found_NK - expected_NK).max() / max(float(np.abs(expected_NK).max()), 1e-6))
