"""Try settings of engines on one model, and find the fastest that gives the same answers.

The first candidate is what would run without measuring. Another takes its place only if it gives the same logits,
and is clearly faster where all are measured in turns.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from eyeful.engines.measure import ROUNDS, Measured, Meter, decode_one_image, turn_seconds
from eyeful.errors import EngineError, EyefulError, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from eyeful.engines.base import Engine
    from eyeful.engines.tunable import Settings

LEAST_GAIN = 1.1
"""How much faster than the default a candidate must be: less is noise, and runs would differ for nothing."""
LIMIT = 3.0
"""Seconds of measuring; opening engines and their first batches come on top."""
_FEWEST_ROUNDS = 2
"""For less, a candidate says nothing: it is not tried where there is no time for them."""
_TOLERANCE = {"fp32": 1e-3}
_HALF_TOLERANCE = 2e-2
"""Largest difference of a logit over the largest logit, by precision: another order of sums, no other answer.

OpenVINO's logits were equal to the bit wherever they were compared, whatever the streams and the batch."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Settings to try, and how to open an engine with them.

    Attributes:
        engine: the name of its family.
        settings: a batch size of 0 becomes the engine's own.
        open: opens the engine; those with equal `engine` and `settings.streams` run on the first's.
    """

    engine: str
    settings: Settings
    open: Callable[[], Engine]


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one candidate.

    Attributes:
        engine: the name of its family.
        settings: as of the candidate.
        images_per_s: None where it was left out.
        left_out: why, if it was.
    """

    engine: str
    settings: Settings
    images_per_s: float | None = None
    left_out: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The outcome.

    Attributes:
        trials: in the order of the candidates.
        chosen: the one to run.
        gain: its rate over the default's, the median over the rounds; 1.0 where the default stays.
        precision: the arithmetic that really ran.
    """

    trials: tuple[Trial, ...]
    chosen: Trial
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
        candidates: all their engines are open at the same time.
        probe_NHWC: images of the network's size, as many as the largest batch.
        clock: seconds.
        limit: seconds of measuring.
        decode: what one image costs beside the engine.

    Raises:
        EyefulError: the default itself does not run.
    """
    with ExitStack() as opened:
        meter = opened.enter_context(closing(Meter(clock, decode)))
        tuner = _Tuner(candidates, meter, opened, probe_NHWC, limit)
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
        meter: Meter,
        opened: ExitStack,
        probe_NHWC: NDArray[np.uint8],
        limit: float,
    ) -> None:
        self._candidates, self._meter, self._opened, self._probe_NHWC = candidates, meter, opened, probe_NHWC
        self._engines: dict[tuple[str, int], Engine] = {}
        self._running: dict[int, Measured] = {}
        self._left_out: dict[int, str] = {}
        self._default, self._expected_NK = self._opened_and_warm(0)
        self._left = limit / _FEWEST_ROUNDS - self._default.turn_seconds
        """Seconds that a round may still take."""
        for place in range(1, len(candidates)):
            with self._left_out_where_it_fails(place):
                self._running[place] = self._compared(place)

    def measure(self) -> None:
        """Give each a turn; where no other runs, nothing has to be known of the default."""
        if self._running:
            self._meter.turn(self._default)
        for place, one in list(self._running.items()):
            with self._left_out_where_it_fails(place):
                self._meter.turn(one)

    def found(self) -> Found:
        """The fastest, if it is clearly so."""
        gains = {0: 1.0}
        for place, one in self._running.items():
            gains[place] = float(np.median(np.divide(one.rates, self._default.rates)))
        chosen = max(gains, key=gains.__getitem__)
        if gains[chosen] < LEAST_GAIN:
            chosen = 0
        trials = tuple(map(self._trial, range(len(self._candidates))))
        gain = gains[chosen]
        return Found(trials, trials[chosen], gain, self._default.engine.precision)

    def _trial(self, place: int) -> Trial:
        candidate, one = self._candidates[place], self._default if place == 0 else self._running.get(place)
        if one is None:
            return Trial(candidate.engine, candidate.settings, left_out=self._left_out[place])
        settings = replace(candidate.settings, batch_size=len(one.batch_NHWC))
        return Trial(candidate.engine, settings, one.rate)

    def _compared(self, place: int) -> Measured:
        settings = self._candidates[place].settings
        expected = turn_seconds(settings.batch_size * max(1, settings.streams), self._default.rate)
        if expected <= self._left:
            one, logits_NK = self._opened_and_warm(place)
            difference = _difference(logits_NK, self._expected_NK)
            if not difference <= _TOLERANCE.get(self._default.engine.precision, _HALF_TOLERANCE):
                raise EngineError(f"its logits differ by {difference:.1e} of the largest")
            if one.turn_seconds <= self._left:
                self._left -= one.turn_seconds
                return one
        raise EngineError("no time for it")

    def _opened_and_warm(self, place: int) -> tuple[Measured, NDArray[np.float32]]:
        candidate = self._candidates[place]
        key = candidate.engine, candidate.settings.streams
        if key not in self._engines:
            self._engines[key] = self._opened.enter_context(closing(candidate.open()))
        size = candidate.settings.batch_size or self._engines[key].batch_size
        one = Measured(self._engines[key], np.ascontiguousarray(self._probe_NHWC[:size]))
        return one, self._meter.warm_up(one)

    @contextmanager
    def _left_out_where_it_fails(self, place: int) -> Iterator[None]:
        try:
            yield
        except EyefulError as error:
            self._running.pop(place, None)
            self._left_out[place] = one_line(error, 200)


def _difference(found_NK: NDArray[np.float32], expected_NK: NDArray[np.float32]) -> float:
    """The largest difference over the largest value, of the images in both; infinite where the shapes differ."""
    rows = min(len(found_NK), len(expected_NK))
    found_NK, expected_NK = found_NK[:rows], expected_NK[:rows]
    if found_NK.shape != expected_NK.shape:
        return float("inf")
    return float(np.abs(found_NK - expected_NK).max() / max(float(np.abs(expected_NK).max()), 1e-6))
