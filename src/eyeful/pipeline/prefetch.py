"""Work ahead, but not too far: an ordered map over threads with a bounded number of results in hand."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from eyeful.errors import DecodeTimeoutError

T = TypeVar("T")
R = TypeVar("R")

_LOOK_AFTER = 1.0
"""Seconds of waiting for one result after which `check` is called."""


def ordered_map(
    function: Callable[[T], R],
    items: Iterable[T],
    workers: int,
    depth: int,
    check: Callable[[], None] = lambda: None,
) -> Generator[R]:
    """`map(function, items)` over threads, in order; at most `depth` results are computed ahead.

    Whatever way the iteration ends, every thread is joined before it returns; but for a stuck one.

    Args:
        function: what to do with each item.
        items: walked lazily.
        workers: threads.
        depth: results in hand.
        check: called now and then while a result is waited for; may raise DecodeTimeoutError.

    Raises:
        DecodeTimeoutError: `check` says that a thread will never come back.
        Exception: what `function` or `items` raise, at its place in the order.
    """
    pending: deque[Future[R]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="eyeful-decode")
    stuck = False
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) >= depth:
                yield _result(pending.popleft(), check)
        while pending:
            yield _result(pending.popleft(), check)
    except DecodeTimeoutError:
        stuck = True
        raise
    finally:
        pool.shutdown(wait=not stuck, cancel_futures=True)


def _result(future: Future[R], check: Callable[[], None]) -> R:
    while True:
        try:
            return future.result(_LOOK_AFTER)
        except TimeoutError:
            if future.done():  # just now; or the error is the function's own
                return future.result()
            check()
