"""What an engine is given while it is measured: batches as the pipeline submits them, and decoding beside it.

Decode threads share the cores with an engine on the CPU. A setting whose threads wait for one another may be fast
alone, and slow beside them.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from eyeful.cpu import usable_cores
from eyeful.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from eyeful.engines.base import Engine, Outputs

_DECODING = 0.0015
"""Seconds of one core that a photograph of ImageNet's size costs, decoded and resized."""
_BYTES = bytes(1 << 18)


def decode_one_image() -> None:
    """Work in place of decoding an image: as long, and without Python's lock, as that is."""
    started = time.thread_time()
    while time.thread_time() - started < _DECODING:
        hashlib.sha256(_BYTES)


class Workload:
    """Runs batches of the same images through engines, and says how fast.

    Args:
        probe_NHWC: images of the network's size, as many as the largest batch.
        clock: seconds.
        decode: what one image costs beside the engine; None: nothing.
    """

    def __init__(
        self, probe_NHWC: NDArray[np.uint8], clock: Callable[[], float], decode: Callable[[], object] | None
    ) -> None:
        self._probe_NHWC, self._clock, self._decode = probe_NHWC, clock, decode
        self._workers = ThreadPoolExecutor(usable_cores(), "eyeful-tune")

    def close(self) -> None:
        """End its threads."""
        self._workers.shutdown()

    def run(self, engine: Engine, size: int, count: int) -> tuple[float, NDArray[np.float32]]:
        """So many batches of so many images, with as many in flight as suit the engine.

        Returns:
            images per second, and the logits of the first batch.

        Raises:
            EngineError: a batch failed, or has not a row for each image.
        """
        batch_NHWC = np.ascontiguousarray(self._probe_NHWC[:size])
        decoded: deque[list[Future[object]]] = deque()
        in_flight: deque[Future[Outputs]] = deque()
        first_NK = None
        started = self._clock()
        for number in range(count + engine.capacity):
            if number < count:
                while len(decoded) < min(engine.capacity, count - number):
                    decoded.append(self._decoding(size))
                for image in decoded.popleft():
                    image.result()
                in_flight.append(engine.submit(batch_NHWC))
            if in_flight and (number >= count or len(in_flight) > engine.capacity):
                logits_NK = in_flight.popleft().result().logits_NK
                first_NK = logits_NK if first_NK is None else first_NK
        assert first_NK is not None  # noqa: S101 - there is one batch at least
        if len(first_NK) != size:
            raise EngineError(f"the engine gave {len(first_NK)} rows for {size} images")
        return count * size / max(self._clock() - started, 1e-9), first_NK

    def _decoding(self, size: int) -> list[Future[object]]:
        return [] if self._decode is None else [self._workers.submit(self._decode) for _ in range(size)]
