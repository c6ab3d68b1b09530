"""What all protocols share: the models, the way from items to predictions, and its rules."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from eyeful.errors import UsageError
from eyeful.server.admission import Admission
from eyeful.server.batcher import Batcher
from eyeful.server.errors import BadRequestError, DeadlineError, NoSuchModelError
from eyeful.server.metrics import Metrics
from eyeful.server.urls import Fetcher

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.requests import Request

    from eyeful.classifier import Classifier
    from eyeful.server.settings import ServerSettings
    from eyeful.server.urls import Asked
    from eyeful.types import Prediction


R = TypeVar("R")

_PARSED_AT_ONCE = 1 << 16
"""Bytes of a body that are parsed on the event loop: less than handing them to a thread takes."""


class ClientGoneError(Exception):
    """Nobody waits for the answer any more."""


class InferenceService:
    """The models of a server, by alias, and the rules for using them.

    Attributes:
        accepting: whether new requests are welcome: warmed up, and not asked to stop.
        metrics: what is counted.
        settings: the limits.
        admission: who is let in.
        fetcher: downloads images by URL; None where that is off.
    """

    def __init__(self, classifiers: Mapping[str, Classifier], settings: ServerSettings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.accepting = False
        self.fetcher = Fetcher(settings.max_body) if settings.allow_urls else None
        self._parser = ThreadPoolExecutor(1, thread_name_prefix="eyeful-parse")  # one blown-up body at a time
        self._batchers = {
            alias: Batcher(alias, classifier, settings.queue_size, settings.batch_timeout, self.metrics)
            for alias, classifier in classifiers.items()
        }
        self.admission = Admission(settings.max_pending, self._is_full)

    @property
    def aliases(self) -> list[str]:
        """The names of the models; the first is the default."""
        return list(self._batchers)

    @property
    def ready(self) -> bool:
        """Whether requests are welcome and can be answered."""
        return self.accepting and self.live

    @property
    def live(self) -> bool:
        """Whether every model can still answer: a decode that hangs holds its thread for ever."""
        return not any(batcher.is_hung for batcher in self._batchers.values())

    def classifier(self, alias: str) -> Classifier:
        """The classifier behind a name.

        Raises:
            NoSuchModelError: there is none.
        """
        return self._batcher(alias).classifier

    def vector_size(self, alias: str) -> int | None:
        """Numbers in the vector that a model makes of an image; None where its network has none.

        Raises:
            NoSuchModelError: there is no such model.
        """
        return self._batcher(alias).vector_size

    async def open(self) -> None:
        """Warm up; then be ready."""
        for batcher in self._batchers.values():
            await batcher.open()
        self.accepting = True

    async def close(self) -> None:
        """Stop the threads."""
        self.accepting = False
        self._parser.shutdown(cancel_futures=True)
        for batcher in self._batchers.values():
            await batcher.close()
        if self.fetcher:
            await self.fetcher.close()

    async def parse(self, body: bytes, function: Callable[..., R], *arguments: object) -> R:
        """`function(body, *arguments)`; for a long body in a thread, since the event loop has others to answer."""
        if len(body) <= _PARSED_AT_ONCE:
            return function(body, *arguments)
        return await asyncio.get_running_loop().run_in_executor(self._parser, partial(function, body, *arguments))

    async def classify(
        self,
        request: Request,
        items: Sequence[Asked],
        alias: str | None = None,
        topk: int | None = None,
        *,
        sure: float | None = None,
    ) -> list[Prediction]:
        """Answer a request's images, as long as its client waits and its deadline has not passed.

        Args:
            request: what its client waits for.
            items: the images.
            alias: which model; the first when None.
            topk: labels in each answer; the model's own when None.
            sure: what a group must hold of the probability, 0.5 to 1; the model's own when None.

        Raises:
            NoSuchModelError, TooLargeError, BadRequestError: the request asks for what is not here.
            OverloadedError: the queue is full.
            DeadlineError: not in time.
            ClientGoneError: the client closed its connection.
        """
        batcher = self._batcher(alias or self.aliases[0])
        self.settings.allow(len(items))
        if topk is not None and topk < 1:
            raise BadRequestError(f"topk {topk} is not at least 1")
        if sure is not None:
            await _check_groups(batcher.classifier)
        gone = asyncio.create_task(until_gone(request))
        try:
            async with asyncio.timeout(self.settings.deadline) as deadline:
                gone.add_done_callback(partial(_end, deadline))
                predictions = [_without_secrets(one) for one in await batcher.classify(items, topk, sure)]
        except TimeoutError as error:
            raise (ClientGoneError if gone.done() else DeadlineError) from error
        finally:
            gone.cancel()
        for prediction in predictions:
            self.metrics.image(prediction.error_kind or "ok")
        return predictions

    def _is_full(self) -> bool:
        """Whether no model takes an image now."""
        return all(batcher.full for batcher in self._batchers.values())

    def _batcher(self, alias: str) -> Batcher:
        try:
            return self._batchers[alias]
        except KeyError:
            raise NoSuchModelError(
                f"no model {alias[:100]!r} here; there is {', '.join(self._batchers)}"
            ) from None


async def _check_groups(classifier: Classifier) -> None:
    """See that a model's labels have groups; not on the event loop, since the first time takes a while.

    Raises:
        BadRequestError: they have none.
    """
    try:
        await asyncio.to_thread(getattr, classifier.predictor, "hierarchy")
    except UsageError as error:
        raise BadRequestError(str(error)) from None


async def until_gone(request: Request) -> None:
    """Return when the client has closed its connection; after the body was read."""
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            return


def _end(deadline: asyncio.Timeout, gone: asyncio.Task[None]) -> None:
    """The client has gone: its time is over."""
    if not gone.cancelled():
        with suppress(RuntimeError):  # it was answered meanwhile
            deadline.reschedule(0)


def _without_secrets(prediction: Prediction) -> Prediction:
    """An internal error's text may tell of the server's insides."""
    if prediction.error_kind == "internal":
        return replace(prediction, error="an error of the server's; its log says more")
    return prediction
