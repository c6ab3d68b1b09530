"""Images per second of two engines, side by side."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from eyeful.engines import Engine, Outputs
    from eyeful.types import Size

_ROUNDS = 5
_SECONDS = 2.0
"""From which on no further round is begun; two are made in any case."""
_BATCHES = 2
"""In a round, for each that may be in flight."""


def images_per_second(engines: tuple[Engine, ...], size: Size) -> tuple[float, ...]:
    """The forward pass alone, in the batches that suit each engine; the best of several rounds, in turns.

    Args:
        engines: each is warmed up first.
        size: (height, width) of their input in pixels.

    Raises:
        EngineError: one of them fails.
    """
    image_HWC = np.zeros((*size, 3), np.uint8)
    best = [0.0] * len(engines)
    for engine in engines:
        _round(engine, image_HWC, 1)
    begun = time.perf_counter()
    for number in range(_ROUNDS):
        if number > 1 and time.perf_counter() - begun > _SECONDS:
            break
        for place, engine in enumerate(engines):
            best[place] = max(best[place], _round(engine, image_HWC, _BATCHES))
    return tuple(best)


def _round(engine: Engine, image_HWC: NDArray[np.uint8], batches: int) -> float:
    """Images per second over so many batches for each that may be in flight."""
    batch_NHWC = np.repeat(image_HWC[None], engine.batch_size, axis=0)
    in_flight: deque[Future[Outputs]] = deque()
    count = batches * engine.capacity
    begun = time.perf_counter()
    for _ in range(count):
        if len(in_flight) == engine.capacity:
            in_flight.popleft().result()
        in_flight.append(engine.submit(batch_NHWC))
    while in_flight:
        in_flight.popleft().result()
    return count * engine.batch_size / (time.perf_counter() - begun)
