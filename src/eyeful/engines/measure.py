"""How fast engines are, measured in turns: a machine that does other work too slows all of them.

Each gets batches as the pipeline submits them, with the work of decoding beside it where that is asked for: on a
CPU decode threads share the cores with the engine, and one whose threads wait for one another may be fast alone,
and slow beside them.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from eyeful.cpu import usable_cores
from eyeful.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from eyeful.engines.base import Engine, Outputs

ROUNDS = 3
"""In which every engine has a turn."""
_SECONDS = 0.15
"""Of one turn; but one batch at least for each that the engine computes at the same time."""
_DECODING = 0.0015
"""Seconds of one core that a photograph of ImageNet's size costs, decoded and resized."""
_BYTES = bytes(1 << 18)


def decode_one_image() -> None:
    """Work in place of decoding an image: as long, and without Python's lock, as that is."""
    started = time.thread_time()
    while time.thread_time() - started < _DECODING:
        hashlib.sha256(_BYTES)


@dataclass(eq=False)
class Measured:
    """An engine that is measured with batches of one size.

    Attributes:
        engine: it.
        batch_NHWC: what it is given, again and again.
        about: images per second, as its first batches had them.
        rates: images per second, of each turn.
    """

    engine: Engine
    batch_NHWC: NDArray[np.uint8]
    about: float = 0.0
    rates: list[float] = field(default_factory=list)

    @property
    def streams(self) -> int:
        """How many batches it computes at the same time: of those in flight, one waits."""
        return max(1, self.engine.capacity - 1)

    @property
    def turn_seconds(self) -> float:
        """What one of its turns takes, about."""
        return turn_seconds(len(self.batch_NHWC) * self.streams, self.about)

    @property
    def rate(self) -> float:
        """Images per second: the median over its turns."""
        return float(np.median(self.rates or [self.about]))


class Meter:
    """Measures engines.

    Args:
        clock: seconds.
        decode: what one image costs beside the engine; None: nothing.
    """

    def __init__(
        self, clock: Callable[[], float] = time.perf_counter, decode: Callable[[], object] | None = None
    ) -> None:
        self._clock, self._decode = clock, decode
        self._workers = ThreadPoolExecutor(usable_cores(), "eyeful-measure")

    def close(self) -> None:
        """End its threads."""
        self._workers.shutdown()

    def warm_up(self, one: Measured) -> NDArray[np.float32]:
        """Run an engine's first batches of a size, which are slow; before its first turn.

        Returns:
            the logits of a batch.

        Raises:
            EngineError: a batch failed, or has not a row for each image.
        """
        one.about, logits_NK = self._run(one, one.streams)
        if len(one.batch_NHWC) * one.streams / one.about < _SECONDS:
            one.about, _ = self._run(one, one.streams)
        return logits_NK

    def turn(self, one: Measured) -> None:
        """Measure an engine once more.

        Raises:
            EngineError: as `warm_up`.
        """
        times = max(1, round(_SECONDS * one.about / (len(one.batch_NHWC) * one.streams)))
        rate, _ = self._run(one, times * one.streams)
        one.rates.append(rate)

    def _run(self, one: Measured, count: int) -> tuple[float, NDArray[np.float32]]:
        """Run so many batches; each is decoded while those before it are computed."""
        engine, size = one.engine, len(one.batch_NHWC)
        in_flight: deque[Future[Outputs]] = deque()
        started = self._clock()
        for _ in range(count):
            if self._decode is not None:
                for image in [self._workers.submit(self._decode) for _ in range(size)]:
                    image.result()
            if len(in_flight) > engine.capacity:
                in_flight.popleft().result()
            in_flight.append(engine.submit(one.batch_NHWC))
        while in_flight:
            logits_NK = in_flight.popleft().result().logits_NK
        if len(logits_NK) != size:
            raise EngineError(f"the engine gave {len(logits_NK)} rows for {size} images")
        return count * size / max(self._clock() - started, 1e-9), logits_NK


def turn_seconds(images_at_once: int, rate: float) -> float:
    """What a turn takes, about, of an engine that computes so many images at once, so many per second."""
    return max(_SECONDS, images_at_once / rate)
