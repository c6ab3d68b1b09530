"""Images of many requests → batches of one engine.

A decoding thread that has an image ready hands over the next batch itself, if the engine is free; otherwise the
event loop does, when a batch comes back or has waited long enough.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from eyeful.errors import ImageError
from eyeful.images import MemoryBudget
from eyeful.pipeline import PreprocessedImage
from eyeful.server.errors import OverloadedError
from eyeful.server.priority import step_back
from eyeful.server.urls import Asked, RemoteImage
from eyeful.types import Item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from eyeful.pipeline import Classifier
    from eyeful.server.metrics import Metrics
    from eyeful.types import Prediction


@dataclass(slots=True, eq=False)
class _Waiting:
    """One image, and who waits for its logits.

    Attributes:
        logits_K: its result is None when there is no image.
        loaded: what decoding came to.
        since: when its present stage began.
    """

    logits_K: asyncio.Future[NDArray[np.float32] | None]
    loaded: PreprocessedImage | None = None
    since: float = field(default_factory=time.perf_counter)

    def settle(self, logits_K: NDArray[np.float32] | None, error: BaseException | None = None) -> None:
        """Give the one who waits what came of it, unless nobody waits any more; on the event loop."""
        if self.logits_K.done():
            return
        if error is None:
            self.logits_K.set_result(logits_K)
        else:
            self.logits_K.set_exception(error)


_Ready = tuple[_Waiting, "NDArray[np.uint8]"]
"""One that waits, and its pixels_HWC, ready for the engine."""


class Batcher:
    """Decodes off the event loop, gathers what is ready, keeps the engine busy but never blocks on it.

    Args:
        alias: the model's name in the metrics.
        classifier: what answers; closed by its owner.
        queue_size: images that may be here at once.
        batch_timeout: seconds to wait for a batch to fill; 0: go as soon as the engine is free.
        metrics: told about batches.
    """

    def __init__(
        self, alias: str, classifier: Classifier, queue_size: int, batch_timeout: float, metrics: Metrics
    ) -> None:
        self._alias = alias
        self.classifier = classifier
        self._queue_size = queue_size
        self._batch_timeout = batch_timeout
        self._metrics = metrics
        self._load = partial(classifier.preprocess_item, budget=MemoryBudget(), thumbnails=False)
        self._threads = ThreadPoolExecutor(
            classifier.workers, thread_name_prefix="eyeful-decode", initializer=step_back
        )
        self._slots = max(1, classifier.capacity - 1)  # one more would block
        self._turn = threading.Lock()  # for the next two; never held for long, since the event loop takes it too
        self._ready: deque[_Ready] = deque()
        self._in_flight = 0
        self.depth = 0

    @property
    def full(self) -> bool:
        """Whether not even one image more is taken."""
        return self.depth >= self._queue_size

    async def classify(self, items: Sequence[Asked], topk: int | None = None) -> list[Prediction]:
        """Answer for some images, each by itself: a bad one is an error among its mates.

        Args:
            items: the images, in memory or by URL.
            topk: labels in each answer; the classifier's own when None.

        Raises:
            OverloadedError: there is no place for all of them; nothing was begun.
            EngineError: the engine failed.
        """
        if self.depth + len(items) > self._queue_size:
            raise OverloadedError
        self.depth += len(items)
        self._metrics.depth(self._alias, self.depth)
        try:
            if len(items) == 1:  # needs no task of its own
                return [await self._answer(items[0], topk)]
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._answer(item, topk)) for item in items]
            return [task.result() for task in tasks]
        except ExceptionGroup as errors:  # the first says why
            raise errors.exceptions[0] from None
        finally:
            self.depth -= len(items)
            self._metrics.depth(self._alias, self.depth)

    async def warm_up(self) -> None:
        """Run every size of batch once, so that no client waits for the engine to prepare it."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self._run_every_size)

    def close(self) -> None:
        """Wait for the decoding threads."""
        self._threads.shutdown(cancel_futures=True)

    async def _answer(self, item: Asked, topk: int | None) -> Prediction:
        loop = asyncio.get_running_loop()
        if isinstance(item, RemoteImage):
            started = time.perf_counter()
            try:
                item = await item.item()
            except ImageError as error:
                return PreprocessedImage(Item(item.filename, b""), error=error).as_error()
            finally:
                self._metrics.stage("fetch", time.perf_counter() - started)
        waiting = _Waiting(loop.create_future())
        decoding = self._threads.submit(self._decode, item, waiting)
        try:
            logits_K = await waiting.logits_K
        finally:
            decoding.cancel()  # unless it has begun
        loaded = waiting.loaded
        assert loaded is not None  # noqa: S101 - there are logits, or an error
        if logits_K is None:
            return loaded.as_error()
        if np.isfinite(logits_K).all():
            return self.classifier.postprocess(loaded, logits_K, topk)
        # the fp32 engine may have to be made first, which takes a while
        return await loop.run_in_executor(self._threads, self.classifier.postprocess, loaded, logits_K, topk)

    def _decode(self, item: Item, waiting: _Waiting) -> None:
        loop = waiting.logits_K.get_loop()
        try:
            waiting.loaded = self._load(item)
            self._end_stage("decode", waiting)
        except Exception as error:  # noqa: BLE001 - nobody looks at this thread, but somebody waits
            loop.call_soon_threadsafe(waiting.settle, None, error)
            return
        if waiting.loaded.pixels_HWC is None:
            loop.call_soon_threadsafe(waiting.settle, None)
            return
        with self._turn:
            self._ready.append((waiting, waiting.loaded.pixels_HWC))
        self._dispatch()

    def _run_every_size(self) -> None:
        height, width = self.classifier.preprocessing.size
        for size in range(1, self.classifier.batch_size + 1):
            self.classifier.submit(np.zeros((size, height, width, 3), np.uint8)).result()

    def _dispatch(self) -> None:
        """Hand over batches as long as the engine has a free place."""
        while batch := self._next_batch():
            waiting = [one for one, _ in batch]
            loop = waiting[0].logits_K.get_loop()
            future = self._begin([pixels_HWC for _, pixels_HWC in batch])
            future.add_done_callback(partial(loop.call_soon_threadsafe, partial(self._deliver, waiting)))

    def _begin(self, pixels_HWC: list[NDArray[np.uint8]]) -> Future[NDArray[np.float32]]:
        try:
            self._metrics.batch(len(pixels_HWC))
            return self.classifier.submit(np.stack(pixels_HWC))
        except Exception as error:  # noqa: BLE001 - those who wait shall learn of it
            failed: Future[NDArray[np.float32]] = Future()
            failed.set_exception(error)
            return failed

    def _next_batch(self) -> list[_Ready]:
        """What goes to the engine now; nothing if it is not free, or nothing is ready."""
        batch: list[_Ready] = []
        with self._turn:
            if self._in_flight == self._slots or self._shall_wait():
                return batch
            while self._ready and len(batch) < self.classifier.batch_size:
                ready = self._ready.popleft()
                if not ready[0].logits_K.done():  # a client that has gone cancelled it
                    batch.append(ready)
            self._in_flight += bool(batch)
        return batch

    def _shall_wait(self) -> bool:
        """Whether the batch may still fill; looks again when the oldest has waited long enough."""
        if not self._batch_timeout or not self._ready or len(self._ready) >= self.classifier.batch_size:
            return False
        oldest, _ = self._ready[0]
        left = oldest.since + self._batch_timeout - time.perf_counter()
        if left > 0:
            loop = oldest.logits_K.get_loop()
            loop.call_soon_threadsafe(loop.call_later, left, self._dispatch)
        return left > 0

    def _deliver(self, batch: list[_Waiting], done: Future[NDArray[np.float32]]) -> None:
        with self._turn:
            self._in_flight -= 1
        error = done.exception()
        for place, waiting in enumerate(batch):
            waiting.settle(None if error else done.result()[place], error)
        self._dispatch()
        for waiting in batch:
            self._end_stage("forward", waiting)

    def _end_stage(self, name: str, waiting: _Waiting) -> None:
        now = time.perf_counter()
        self._metrics.stage(name, now - waiting.since)
        waiting.since = now
