"""Try settings of engines on one model, and find the fastest that gives the same answers.

Each setting gets batches as the pipeline submits them, with the work of decoding beside it. The first candidate is
what would run without measuring. Another takes its place only if it gives the same logits, and is clearly faster
when both are measured in turn: on a machine that does other work too, a single measurement says little.
"""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from eyeful.engines.workload import Workload, decode_one_image
from eyeful.errors import EngineError, EyefulError, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from eyeful.engines.base import Engine
    from eyeful.engines.tunable import Settings

LEAST_GAIN = 1.1
"""How much faster than the default a candidate must be: less is noise, and runs would differ for nothing."""
LIMIT = 3.0
"""Seconds from when the default was measured, after which nothing new is tried; half as many are for measuring the
best beside it."""
_SECONDS = 0.25
"""Of one measurement; but at least one batch for each stream."""
_ROUNDS = 3
"""How often the default and the fastest are measured in turn, while there is time."""
_TOLERANCE = {"fp32": 1e-3}
_HALF_TOLERANCE = 2e-2
"""Largest difference of a logit over the largest logit, by precision: another order of sums, no other answer.

OpenVINO's logits were equal to the bit wherever they were compared, whatever the streams and the batch."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Settings to try, and how to open an engine with them.

    Attributes:
        engine: the name of its family.
        settings: with a batch size; the default's may be 0, the engine's own.
        open: opens the engine, on which batches of several sizes are tried.
    """

    engine: str
    settings: Settings
    open: Callable[[], Engine]

    @property
    def runs_on(self) -> tuple[str, int]:
        """What candidates on one engine have in common."""
        return self.engine, self.settings.streams


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
        gain: its rate over the default's, as measured in turn; 1.0 where the default stays.
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
        candidates: neighbours that run on the same engine share it; two engines are open at a time, at most.
        probe_NHWC: images of the network's size, as many as the largest batch.
        clock: seconds.
        limit: seconds after which nothing new is tried, once the default is measured.
        decode: what one image costs beside the engine.

    Raises:
        EyefulError: the default itself does not run.
    """
    default, *others = candidates
    with closing(default.open()) as engine:
        if not default.settings.batch_size:
            default = replace(default, settings=replace(default.settings, batch_size=engine.batch_size))
        others = [one for one in others if (one.engine, one.settings) != (default.engine, default.settings)]
        with closing(Workload(probe_NHWC, clock, decode)) as workload:
            tuner = _Tuner(default, engine, workload, clock, limit)
            for _, group in groupby(others, lambda one: one.runs_on):
                tuner.try_group(list(group))
            return tuner.found()


class _Tuner:
    """One model's trials."""

    def __init__(
        self,
        default: Candidate,
        engine: Engine,
        workload: Workload,
        clock: Callable[[], float],
        limit: float,
    ) -> None:
        self._default, self._engine, self._workload, self._clock = default, engine, workload, clock
        self._rate = self._warmed(engine)
        rate, self._logits_NK = self._measure(engine, default)
        self._rate = rate
        """The best so far, in images/s: what a trial is expected to cost follows from it."""
        self._trials = [(default, Trial(default.engine, default.settings, rate))]
        self._limit, self._deadline = limit, clock() + limit

    def try_group(self, group: list[Candidate]) -> None:
        """Try candidates that run on one engine."""
        try:
            if self._clock() >= self._deadline:
                raise _NotTriedError
            with self._opened(group[0]) as engine:
                if engine is not self._engine:
                    self._warmed(engine)
                for candidate in group:
                    self._trials.append((candidate, self._try(engine, candidate)))
        except EyefulError as error:
            done = [one for one, _ in self._trials]
            for candidate in group:
                if candidate not in done:
                    trial = Trial(candidate.engine, candidate.settings, left_out=one_line(error, 200))
                    self._trials.append((candidate, trial))

    def found(self) -> Found:
        """The fastest, if it is so once more beside the default."""
        chosen, gain = self._trials[0][1], 1.0
        candidate, trial = max(self._trials, key=lambda one: one[1].images_per_s or 0.0)
        if (trial.images_per_s or 0.0) >= LEAST_GAIN * (chosen.images_per_s or 0.0):
            measured = self._measured_in_turn(candidate)
            if measured >= LEAST_GAIN:
                chosen, gain = trial, measured
        return Found(tuple(trial for _, trial in self._trials), chosen, gain, self._engine.precision)

    def _try(self, engine: Engine, candidate: Candidate) -> Trial:
        least = candidate.settings.batch_size * _streams(engine) / self._rate
        if self._clock() + least > self._deadline:
            raise _NotTriedError
        rate, logits_NK = self._measure(engine, candidate)
        rows = min(len(logits_NK), len(self._logits_NK))
        difference = _difference(logits_NK[:rows], self._logits_NK[:rows])
        if not difference <= _TOLERANCE.get(self._engine.precision, _HALF_TOLERANCE):
            differs = f"its logits differ by {difference:.1e} of the largest"
            return Trial(candidate.engine, candidate.settings, left_out=differs)
        self._rate = max(self._rate, rate)
        return Trial(candidate.engine, candidate.settings, rate)

    def _measured_in_turn(self, candidate: Candidate) -> float:
        """The rate of a candidate over the default's: the median over rounds, of which one is always made."""
        gains: list[float] = []
        enough = self._clock() + self._limit / 2
        try:
            with self._opened(candidate) as engine:
                while not gains or (len(gains) < _ROUNDS and self._clock() < enough):
                    before, _ = self._measure(self._engine, self._default)
                    gains.append(self._measure(engine, candidate)[0] / before)
        except EyefulError:
            return 0.0
        return float(np.median(gains))

    @contextmanager
    def _opened(self, candidate: Candidate) -> Iterator[Engine]:
        if candidate.runs_on == self._default.runs_on:
            yield self._engine
        else:
            with closing(candidate.open()) as engine:
                yield engine

    def _measure(self, engine: Engine, candidate: Candidate) -> tuple[float, NDArray[np.float32]]:
        """Images per second in batches of a candidate's size, and the logits of the first batch.

        The first batch of a size is slower, and is run before, unless that takes longer than the measurement.
        """
        size, streams = candidate.settings.batch_size, _streams(engine)
        rate = self._rate
        if size * streams < _SECONDS * rate:
            rate, _ = self._workload.run(engine, size, streams)
        rounds = max(1, round(_SECONDS * rate / (size * streams)))
        return self._workload.run(engine, size, rounds * streams)

    def _warmed(self, engine: Engine) -> float:
        """Images per second, about, of a new engine, whose first batches are slow."""
        streams = _streams(engine)
        started = self._clock()
        rate, _ = self._workload.run(engine, 1, streams)
        if self._clock() - started < _SECONDS:
            rate, _ = self._workload.run(engine, 1, streams)
        return rate


class _NotTriedError(EngineError):
    """There was no time left for a candidate."""

    def __init__(self) -> None:
        super().__init__("no time for it")


def _streams(engine: Engine) -> int:
    """How many batches an engine computes at the same time: one more waits, so that it finds work at once."""
    return max(1, engine.capacity - 1)


def _difference(found_NK: NDArray[np.float32], expected_NK: NDArray[np.float32]) -> float:
    """The largest difference over the largest value; infinite where the shapes differ."""
    if found_NK.shape != expected_NK.shape:
        return float("inf")
    return float(np.abs(found_NK - expected_NK).max() / max(float(np.abs(expected_NK).max()), 1e-6))
