"""Work ahead, but not too far: an ordered map over threads with a bounded number of results in hand."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ordered_map(function: Callable[[T], R], items: Iterable[T], workers: int, depth: int) -> Generator[R]:
    """`map(function, items)` over threads, in order; at most `depth` results are computed ahead.

    Whatever way the iteration ends, every thread is joined before it returns.

    Raises:
        Exception: what `function` or `items` raise, at its place in the order.
    """
    pending: deque[Future[R]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="eyeful-decode") as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) >= depth:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
