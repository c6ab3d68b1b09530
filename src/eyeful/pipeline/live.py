"""Items that come when they come, as a camera's: what is there is classified while the next is waited for."""

from __future__ import annotations

import os
import threading
import time
from itertools import chain
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING

from eyeful.errors import EngineError
from eyeful.pipeline.ordered import TICK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from eyeful.types import Item

LONGEST_WAIT = 0.05
"""Seconds for which images wait for others to fill their batch."""


class LiveItems:
    """Takes items in a thread of its own, at most one ahead, and gives them in bursts. Call `close`.

    Args:
        items: what gives them; taken lazily.
        batch_size: so many items need not wait for others.
    """

    def __init__(self, items: Iterable[Item], batch_size: int) -> None:
        self._items = items
        self._batch_size = batch_size
        self._taken: Queue[Item | None] = Queue(1)
        self._first: Item | None = None
        self._failure: BaseException | None = None
        self._ended = False
        self._closed = threading.Event()
        self._process = os.getpid()
        threading.Thread(target=self._take, name="eyeful-live", daemon=True).start()

    def bursts(self) -> Iterator[Iterator[Item]]:
        """Runs of items; each is to be exhausted before the next, and ends where the source lets it wait.

        Raises:
            Exception: what the source raises, in its place.
            EngineError: the process was forked meanwhile.
        """
        while not self._ended:
            self._first = self._next()
            if self._first is not None:
                yield self._burst()
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Take no more. A source that is waited for at the moment is let go when it gives its next item."""
        self._closed.set()

    def _burst(self) -> Iterator[Item]:
        following = in_time(lambda seconds: self._taken.get(timeout=seconds), self._batch_size)
        for item in chain((self._first,), following):
            if item is None:
                self._ended = True
                return
            yield item

    def _next(self) -> Item | None:
        """The next item, however long it takes; None at the end."""
        while True:
            if os.getpid() != self._process:
                raise EngineError("this stream was begun before the process was forked: begin one in the child")
            try:
                item = self._taken.get(timeout=TICK)
            except Empty:
                continue
            self._ended = item is None
            return item

    def _take(self) -> None:
        """In the thread: the items, then None."""
        try:
            for item in self._items:
                if not self._put(item):
                    break
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever iterates
            self._failure = error
        self._put(None)

    def _put(self, item: Item | None) -> bool:
        """Hand one over; False when nobody wants it any more."""
        while not self._closed.is_set():
            try:
                self._taken.put(item, timeout=TICK)
            except Full:
                continue
            return not self._closed.is_set()
        return False


def in_time(
    get: Callable[[float], Item | None], batch_size: int, clock: Callable[[], float] = time.monotonic
) -> Iterator[Item | None]:
    """The items behind a first one, until those of one batch have let wait for `LONGEST_WAIT` in all.

    Args:
        get: the next item, waited for as many seconds at most; raises Empty.
        batch_size: so many items need not wait for others.
        clock: seconds.
    """
    waited, count = 0.0, 1
    while True:
        if count % batch_size == 0:
            waited = 0.0
        started = clock()
        try:
            item = get(max(0.0, LONGEST_WAIT - waited))
        except Empty:
            return
        waited += clock() - started
        count += 1
        yield item
