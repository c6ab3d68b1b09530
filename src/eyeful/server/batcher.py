"""One model's queue in the server: how many images it may hold, and what fetches those that are named by URL."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from eyeful.errors import ImageError
from eyeful.pipeline.async_batcher import AsyncBatcher
from eyeful.predictor import PreprocessedImage
from eyeful.server.errors import OverloadedError
from eyeful.server.priority import step_back
from eyeful.server.urls import RemoteImage
from eyeful.types import Item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eyeful.classifier import Classifier
    from eyeful.server.metrics import Metrics
    from eyeful.server.urls import Asked
    from eyeful.types import Prediction


class Batcher:
    """Lets images in as long as there is a place, and answers for them.

    Attributes:
        classifier: what answers; closed by its owner.
        depth: images that are in.

    Args:
        alias: the model's name in the metrics.
        classifier: the same.
        queue_size: images that may be in at once.
        batch_timeout: seconds to wait for a batch to fill; 0: go as soon as the engine is free.
        metrics: told about batches.
    """

    def __init__(
        self, alias: str, classifier: Classifier, queue_size: int, batch_timeout: float, metrics: Metrics
    ) -> None:
        self._alias = alias
        self.classifier = classifier
        self._queue_size = queue_size
        self._metrics = metrics
        self._batcher = AsyncBatcher(
            classifier.predictor, metrics, batch_timeout=batch_timeout, enter_thread=step_back
        )
        self.depth = 0

    @property
    def full(self) -> bool:
        """Whether not even one image more is taken."""
        return self.depth >= self._queue_size

    @property
    def is_hung(self) -> bool:
        """Whether a decode thread never comes back."""
        return self._batcher.is_hung

    @property
    def vector_size(self) -> int | None:
        """Numbers in the vector of an image, known when it is open; None for a network without one."""
        return self._batcher.vector_size

    async def open(self) -> None:
        """Run every size of batch once, so that no client waits for the engine to prepare it."""
        await self._batcher.open()
        self._metrics.depth(self._alias, 0)  # an autoscaler reads it before the first request, too

    async def close(self) -> None:
        """Wait for the decode threads."""
        await self._batcher.close()

    async def classify(
        self, items: Sequence[Asked], topk: int | None = None, sure: float | None = None
    ) -> list[Prediction]:
        """Answer for some images, each by itself: a bad one is an error among its mates.

        Args:
            items: the images, in memory or by URL.
            topk: labels in each answer; the classifier's own when None.
            sure: what a group must hold of the probability; the same.

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
                return [await self._answer(items[0], topk, sure)]
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._answer(item, topk, sure)) for item in items]
            return [task.result() for task in tasks]
        except ExceptionGroup as errors:  # the first says why
            raise errors.exceptions[0] from None
        finally:
            self.depth -= len(items)
            self._metrics.depth(self._alias, self.depth)

    async def _answer(self, item: Asked, topk: int | None, sure: float | None) -> Prediction:
        if isinstance(item, RemoteImage):
            started = time.perf_counter()
            try:
                item = await item.item()
            except ImageError as error:
                return PreprocessedImage(Item(item.filename, b""), error=error).as_error()
            finally:
                self._metrics.stage("fetch", time.perf_counter() - started)
        return await self._batcher.classify(item, topk, sure)
