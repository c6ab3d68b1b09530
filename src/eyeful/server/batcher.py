"""Pictures of many requests → batches of one engine. Everything here runs on the event loop but the decoding."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from eyeful.errors import PictureError
from eyeful.images import MemoryBudget
from eyeful.pipeline import Loaded
from eyeful.server.errors import OverloadedError
from eyeful.server.priority import step_back
from eyeful.server.urls import Asked, RemotePicture
from eyeful.types import Item

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from eyeful.pipeline import Classifier
    from eyeful.server.metrics import Metrics
    from eyeful.types import Prediction


@dataclass(slots=True, eq=False)
class _Waiting:
    """One picture that is ready for the engine, and who waits for its logits."""

    pixels_HWC: NDArray[np.uint8]
    logits_K: asyncio.Future[NDArray[np.float32]]
    since: float = field(default_factory=lambda: asyncio.get_running_loop().time())


class Batcher:
    """Decodes off the event loop, gathers what is ready, keeps the engine busy but never blocks on it.

    Args:
        classifier: what answers; closed by its owner.
        queue_size: pictures that may be here at once.
        batch_timeout: seconds to wait for a batch to fill; 0: go as soon as the engine is free.
        metrics: told about batches.
    """

    def __init__(self, classifier: Classifier, queue_size: int, batch_timeout: float, metrics: Metrics) -> None:
        self.classifier = classifier
        self._queue_size = queue_size
        self._batch_timeout = batch_timeout
        self._metrics = metrics
        self._load = partial(classifier.loader, budget=MemoryBudget(), thumbnails=False)
        self._threads = ThreadPoolExecutor(
            classifier.workers, thread_name_prefix="eyeful-decode", initializer=step_back
        )
        self._slots = max(1, classifier.capacity - 1)  # one more would block
        self._waiting: deque[_Waiting] = deque()
        self._in_flight = 0
        self.depth = 0

    @property
    def full(self) -> bool:
        """Whether not even one picture more is taken."""
        return self.depth >= self._queue_size

    async def classify(self, items: Sequence[Asked], topk: int | None = None) -> list[Prediction]:
        """Answer for some pictures, each by itself: a bad one is an error among its mates.

        Args:
            items: the pictures, in memory or by URL.
            topk: labels in each answer; the classifier's own when None.

        Raises:
            OverloadedError: there is no room for all of them; nothing was begun.
            EngineError: the engine failed.
        """
        if self.depth + len(items) > self._queue_size:
            raise OverloadedError
        self.depth += len(items)
        self._metrics.depth(self.classifier.model, self.depth)
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
            self._metrics.depth(self.classifier.model, self.depth)

    async def warm_up(self) -> None:
        """Run every size of batch once, so that no client waits for the engine to prepare it."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self._run_every_size)

    def close(self) -> None:
        """Wait for the decoding threads."""
        self._threads.shutdown(cancel_futures=True)

    async def _answer(self, item: Asked, topk: int | None) -> Prediction:
        loop = asyncio.get_running_loop()
        if isinstance(item, RemotePicture):
            try:
                with self._metrics.stage("fetch"):
                    item = await item.item()
            except PictureError as error:
                return Loaded(Item(item.filename, b""), error=error).as_error()
        with self._metrics.stage("decode"):
            loaded = await loop.run_in_executor(self._threads, self._load, item)
        if loaded.pixels_HWC is None:
            return loaded.as_error()
        waiting = _Waiting(loaded.pixels_HWC, loop.create_future())
        with self._metrics.stage("forward"):
            self._waiting.append(waiting)
            self._dispatch()
            logits_K = await waiting.logits_K
        if np.isfinite(logits_K).all():
            return self.classifier.answer(loaded, logits_K, topk)
        # the fp32 engine may have to be made first, which takes a while
        return await loop.run_in_executor(self._threads, self.classifier.answer, loaded, logits_K, topk)

    def _run_every_size(self) -> None:
        height, width = self.classifier.recipe.size
        for size in range(1, self.classifier.batch_size + 1):
            self.classifier.submit(np.zeros((size, height, width, 3), np.uint8)).result()

    def _dispatch(self) -> None:
        """Hand over batches as long as the engine has a free place."""
        while self._waiting and self._in_flight < self._slots:
            if self._shall_wait():
                return
            batch: list[_Waiting] = []
            while self._waiting and len(batch) < self.classifier.batch_size:
                waiting = self._waiting.popleft()
                if not waiting.logits_K.done():  # a client that has gone cancelled it
                    batch.append(waiting)
            if batch:
                self._submit(batch)

    def _shall_wait(self) -> bool:
        """Whether the batch may still fill; looks again when the oldest has waited long enough."""
        if not self._batch_timeout or len(self._waiting) >= self.classifier.batch_size:
            return False
        loop = asyncio.get_running_loop()
        left = self._waiting[0].since + self._batch_timeout - loop.time()
        if left > 0:
            loop.call_later(left, self._dispatch)
        return left > 0

    def _submit(self, batch: list[_Waiting]) -> None:
        loop = asyncio.get_running_loop()
        self._in_flight += 1
        self._metrics.batch(len(batch))
        future = self.classifier.submit(np.stack([waiting.pixels_HWC for waiting in batch]))
        future.add_done_callback(lambda done: loop.call_soon_threadsafe(self._deliver, batch, done))

    def _deliver(self, batch: list[_Waiting], done: Future[NDArray[np.float32]]) -> None:
        self._in_flight -= 1
        error = done.exception()
        for place, waiting in enumerate(batch):
            if waiting.logits_K.done():
                continue
            if error is None:
                waiting.logits_K.set_result(done.result()[place])
            else:
                waiting.logits_K.set_exception(error)
        self._dispatch()
