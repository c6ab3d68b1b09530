"""Images of many requests on an event loop → batches of one predictor.

A decode thread that has an image ready hands over the next batch itself, if the engine is free; otherwise the
event loop does, when a batch comes back or has waited long enough.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from eyeful.engines import failed
from eyeful.errors import EngineError
from eyeful.pipeline.ordered import TICK, DaemonThreads
from eyeful.pipeline.stream import Stream
from eyeful.pipeline.watchdog import DecodeWatchdog, Work

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from eyeful.engines import Outputs
    from eyeful.predictor import Predictor, PreprocessedImage
    from eyeful.types import Item, Prediction


class BatchObserver(Protocol):
    """Who is told what the batcher does, for metrics."""

    def batch(self, size: int) -> None:
        """A batch of that many images goes to the engine."""

    def stage(self, name: str, seconds: float) -> None:
        """An image spent so long in a stage: decode, or forward with its waiting."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """One image, and who waits for its outputs.

    Attributes:
        outputs: its result is None when there is no image; else its logits_K and features_D.
        image: what decoding came to.
        since: when its present stage began.
    """

    outputs: asyncio.Future[tuple[NDArray[np.float32], NDArray[np.float32] | None] | None]
    image: PreprocessedImage | None = None
    since: float = field(default_factory=time.perf_counter)

    def settle(
        self,
        outputs: tuple[NDArray[np.float32], NDArray[np.float32] | None] | None,
        error: BaseException | None = None,
    ) -> None:
        """Give the one who waits what came of it, unless nobody waits any more; on the event loop."""
        if self.outputs.done():
            return
        if error is None:
            self.outputs.set_result(outputs)
        else:
            self.outputs.set_exception(error)


_Ready = tuple[_Waiting, "NDArray[np.uint8]"]
"""One that waits, and its pixels_HWC, ready for the engine."""


def _call_soon(
    loop: asyncio.AbstractEventLoop, call: Callable[[Future[Outputs]], None], done: Future[Outputs]
) -> None:
    with suppress(RuntimeError):  # the loop was closed meanwhile, so nobody waits
        loop.call_soon_threadsafe(call, done)


class AsyncBatcher:
    """Decodes off the event loop, gathers what is ready, has the engine busy but never waits for it.

    Args:
        predictor: what answers; closed by its owner.
        observer: told about batches and stages.
        batch_timeout: seconds to wait for a batch to fill; 0: go as soon as the engine is free.
        enter_thread: what each decode thread does first.

    Attributes:
        vector_size: D of features_ND, known when it is open; None for a network without them.
    """

    def __init__(
        self,
        predictor: Predictor,
        observer: BatchObserver,
        *,
        batch_timeout: float = 0.0,
        enter_thread: Callable[[], object] = lambda: None,
    ) -> None:
        stream = Stream(predictor)
        self._predictor = predictor
        self._observer = observer
        self._batch_size = stream.batch_size
        self._batch_timeout = batch_timeout
        self.vector_size: int | None = None
        self._watchdog = DecodeWatchdog()
        self._threads = DaemonThreads(stream.workers, "eyeful-decode", enter_thread)
        self._slots = max(1, predictor.engine.capacity - 1)  # what a further batch would only wait behind
        self._lock = threading.Lock()  # for the next two; never held for long, since the event loop takes it too
        self._ready: deque[_Ready] = deque()
        self._in_flight = 0
        self._ticking: asyncio.Task[None] | None = None
        self._waiting: set[_Waiting] = set()
        self._closed = False

    @property
    def is_hung(self) -> bool:
        """Whether a decode thread is lost to an image that never opens; the process should be replaced."""
        return self._watchdog.hung is not None

    async def open(self) -> None:
        """Run every size of batch once, so that no client waits for the engine to prepare it."""
        self._ticking = asyncio.create_task(self._tick())
        await asyncio.wrap_future(self._threads.submit(self._run_every_size))

    async def close(self) -> None:
        """Wait for the decode threads, but for hung ones. Who still waits for an answer gets an EngineError."""
        self._closed = True
        if self._ticking is not None:
            self._ticking.cancel()
        await asyncio.to_thread(self._threads.close, lambda: not self.is_hung)
        for waiting in list(self._waiting):
            waiting.settle(None, EngineError("the model is closed"))

    async def classify(self, item: Item, topk: int | None = None, sure: float | None = None) -> Prediction:
        """Answer for one image; a bad one is a prediction with an error.

        Args:
            item: the image.
            topk: labels in the answer; the spec's when None.
            sure: what a group must hold of the probability; the same.

        Raises:
            EngineError: the engine failed, or the batcher is closed.
        """
        if self._closed:
            raise EngineError("the model is closed")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(loop.create_future())
        self._waiting.add(waiting)
        decoding = self._threads.submit(partial(self._decode, item, waiting))
        try:
            outputs = await waiting.outputs
        finally:
            self._waiting.discard(waiting)
            decoding.cancel()  # unless it has begun
        image = waiting.image
        assert image is not None  # noqa: S101 - there are outputs, or an error
        if outputs is None:
            return image.as_error()
        postprocess = partial(self._predictor.postprocess, image, *outputs, topk=topk, sure=sure)
        if np.isfinite(outputs[0]).all():
            return postprocess()
        # the fp32 engine may have to be made first, which takes a while
        return await asyncio.wrap_future(self._threads.submit(postprocess))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self._watchdog.tick()

    def _decode(self, item: Item, waiting: _Waiting) -> None:
        loop = waiting.outputs.get_loop()
        try:
            with self._watchdog.on(Work(item)):
                waiting.image = self._predictor.preprocess(item)
            self._end_stage("decode", waiting)
        except Exception as error:  # noqa: BLE001 - nobody looks at this thread, but somebody waits
            loop.call_soon_threadsafe(waiting.settle, None, error)
            return
        if waiting.image.pixels_HWC is None:
            loop.call_soon_threadsafe(waiting.settle, None)
            return
        with self._lock:
            self._ready.append((waiting, waiting.image.pixels_HWC))
        self._dispatch()

    def _run_every_size(self) -> None:
        height, width = self._predictor.preprocessing.size
        for size in range(1, self._batch_size + 1):
            outputs = self._predictor.forward(np.zeros((size, height, width, 3), np.uint8)).result()
        self.vector_size = None if outputs.features_ND is None else outputs.features_ND.shape[1]

    def _dispatch(self) -> None:
        """Hand over batches as long as the engine has a free place."""
        while batch := self._next_batch():
            waiting = [one for one, _ in batch]
            loop = waiting[0].outputs.get_loop()
            future = self._begin([pixels_HWC for _, pixels_HWC in batch])
            future.add_done_callback(partial(_call_soon, loop, partial(self._deliver, waiting)))

    def _begin(self, pixels_HWC: list[NDArray[np.uint8]]) -> Future[Outputs]:
        try:
            self._observer.batch(len(pixels_HWC))
            return self._predictor.forward(np.stack(pixels_HWC))
        except Exception as error:  # noqa: BLE001 - those who wait shall learn of it
            return failed(error)

    def _next_batch(self) -> list[_Ready]:
        """What goes to the engine now; nothing if it is not free, or nothing is ready."""
        batch: list[_Ready] = []
        with self._lock:
            if self._is_busy() or self._shall_wait():
                return batch
            while self._ready and len(batch) < self._batch_size:
                ready = self._ready.popleft()
                if not ready[0].outputs.done():  # a client that has gone cancelled it
                    batch.append(ready)
            self._in_flight += bool(batch)
        return batch

    def _is_busy(self) -> bool:
        """Whether a batch of what is ready would come too early; asked again when one comes back.

        With fewer images here than fill a batch, or an idle engine, what is ready goes at once. Otherwise, the
        busier the engine, the fuller a batch must be: small batches beside others only slow them down.
        """
        needed = self._batch_size * self._in_flight if len(self._waiting) >= self._batch_size else 0
        return self._in_flight == self._slots or len(self._ready) * self._slots < needed

    def _shall_wait(self) -> bool:
        """Whether the batch may still fill; asked again when the oldest has waited long enough."""
        if not self._batch_timeout or not self._ready or len(self._ready) >= self._batch_size:
            return False
        oldest, _ = self._ready[0]
        left = oldest.since + self._batch_timeout - time.perf_counter()
        if left > 0:
            loop = oldest.outputs.get_loop()
            loop.call_soon_threadsafe(loop.call_later, left, self._dispatch)
        return left > 0

    def _deliver(self, batch: list[_Waiting], done: Future[Outputs]) -> None:
        with self._lock:
            self._in_flight -= 1
        for place, waiting in enumerate(batch):
            try:
                waiting.settle(done.result().row(place))
            except Exception as error:  # noqa: BLE001 - the one who waits shall learn of it
                waiting.settle(None, error)
        self._dispatch()
        for waiting in batch:
            self._end_stage("forward", waiting)

    def _end_stage(self, name: str, waiting: _Waiting) -> None:
        now = time.perf_counter()
        self._observer.stage(name, now - waiting.since)
        waiting.since = now
