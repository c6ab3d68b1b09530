"""Work ahead, but not too far: an ordered map over threads with a bounded number of results in hand."""

from __future__ import annotations

import os
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from eyeful.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

T = TypeVar("T")
R = TypeVar("R")

TICK = 1.0
"""Seconds of waiting for one result between two calls of `on_tick`."""


class DaemonThreads:
    """A pool of threads that can leave one behind: a thread that hangs is given up, and another takes its place.

    Args:
        count: threads.
        name: of each, as debuggers show it.
        enter: what each does first.
    """

    def __init__(self, count: int, name: str, enter: Callable[[], object] = lambda: None) -> None:
        self._name = name
        self._enter = enter
        self._tasks: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._closed = False
        self._threads: list[threading.Thread] = []
        for _ in range(count):
            self._add()

    def submit(self, function: Callable[[], R]) -> Future[R]:
        """Call a function in one of the threads. After `close` the future is cancelled."""
        future: Future[R] = Future()
        self._tasks.put((future, function))
        if self._closed:
            self._drop_tasks()
        return future

    def replace(self, ident: int | None) -> None:
        """Give up the thread of that number; it ends, should it ever come back."""
        self._threads = [thread for thread in self._threads if thread.ident != ident]
        self._add()

    def close(self, on_tick: Callable[[], bool] = lambda: True) -> None:
        """Cancel what has not begun; wait for what has, as long as `on_tick`, called once a second, says so."""
        self._closed = True
        self._drop_tasks()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join(TICK)
            while thread.is_alive() and on_tick():
                thread.join(TICK)

    def _drop_tasks(self) -> None:
        with suppress(Empty):
            while True:
                task = self._tasks.get_nowait()
                if task is not None:
                    task[0].cancel()

    def _add(self) -> None:
        thread = threading.Thread(target=self._work, name=self._name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        self._enter()
        while (task := self._tasks.get()) is not None:
            _settle(*task)
            if threading.current_thread() not in self._threads:
                return


def ordered_map(
    function: Callable[[T], R],
    items: Iterable[T],
    threads: DaemonThreads,
    ahead: int,
    on_tick: Callable[[T], R | None] = lambda _: None,
) -> Generator[R]:
    """`map(function, items)` over threads, in order; at most `ahead` results are computed before they are taken.

    Args:
        function: what to do with each item.
        items: taken lazily.
        threads: where; closed by their owner.
        ahead: results in hand.
        on_tick: called once a second with the item whose result is waited for; what it returns, if anything, takes
            the place of that result. May raise to end the iteration.

    Raises:
        EngineError: the process was forked meanwhile.
        Exception: what `function`, `items` or `on_tick` raise, at its place in the order.
    """
    pending: deque[tuple[T, Future[R]]] = deque()
    failure: Exception | None = None
    process = os.getpid()
    taken = iter(items)
    while True:
        try:
            item = next(taken)
        except StopIteration:
            break
        except Exception as error:  # noqa: BLE001 - raised below, when what came before has its result
            failure = error
            break
        pending.append((item, threads.submit(partial(function, item))))
        if len(pending) >= ahead:
            yield _result(*pending.popleft(), on_tick, process)
    while pending:
        yield _result(*pending.popleft(), on_tick, process)
    if failure is not None:
        raise failure


def _result(item: T, future: Future[R], on_tick: Callable[[T], R | None], process: int) -> R:
    while True:
        if os.getpid() != process:
            raise EngineError("this stream was begun before the process was forked: begin one in the child")
        try:
            return future.result(TICK)
        except TimeoutError:
            if future.done():  # just now; or the error is the function's own
                return future.result()
        instead = on_tick(item)
        if instead is not None:
            return instead


def _settle(future: Future[Any], function: Callable[[], Any]) -> None:
    if future.set_running_or_notify_cancel():
        try:
            future.set_result(function())
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits
            future.set_exception(error)
