"""The first half of a stream: items → preprocessed images, in order, whatever a decoder does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from eyeful.errors import DecodeTimeoutError, ImageError
from eyeful.images import MEMORY_BUDGET
from eyeful.isolate import IsolatedDecoder
from eyeful.pipeline.ordered import TICK, DaemonThreads, ordered_map
from eyeful.pipeline.watchdog import MAX_TICKS, DecodeWatchdog, Work
from eyeful.predictor import PreprocessedImage

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from eyeful.predictor import Preprocessor
    from eyeful.types import Item

_MOST_HUNG = 8
"""Threads that may be lost to hung images in one stream; each has its memory, and perhaps a core."""


def decode_stream(
    preprocess: Preprocessor, items: Iterable[Item], *, workers: int, ahead: int, thumbnail: int = 0
) -> Generator[PreprocessedImage]:
    """Preprocessed images in the order of their items, opened on threads.

    An image whose decoder hangs becomes an error row: its thread is left behind, and another process tries it
    alone. However the iteration ends, every thread but a hung one is joined.

    Args:
        preprocess: opens one.
        items: taken lazily.
        workers: threads.
        ahead: how many images may be finished and not taken yet.
        thumbnail: longest side of the small copies, in pixels; 0 for none.

    Raises:
        DecodeTimeoutError: too many images hang; the process must end.
        Exception: what `items` raise, at its place in the order.
    """
    stream = _DecodeStream(preprocess, workers, thumbnail)
    try:
        yield from ordered_map(stream.open, stream.works(items), stream.threads, ahead, stream.on_tick)
    finally:
        stream.close()


class _DecodeStream:
    """The threads of one stream, and what becomes of an image that hangs in one of them."""

    def __init__(self, preprocess: Preprocessor, workers: int, thumbnail: int) -> None:
        self.threads = DaemonThreads(workers, "eyeful-decode")
        self._preprocess = preprocess
        self._thumbnail = thumbnail
        self._watchdog = DecodeWatchdog()
        self._isolation: IsolatedDecoder | None = None
        self._hung = 0

    def works(self, items: Iterable[Item]) -> Iterator[Work]:
        """Each item as work that can be watched."""
        return (Work(item) for item in items)

    def open(self, work: Work) -> PreprocessedImage:
        """In a decode thread: open one image."""
        with self._watchdog.on(work):
            return self._preprocess(work.item, self._thumbnail)

    def on_tick(self, work: Work) -> PreprocessedImage | None:
        """In the thread that waits for an image: leave a hung one to another process."""
        self._watchdog.tick()
        if not work.is_hung:
            return None
        self._hung += 1
        if self._hung > _MOST_HUNG:
            raise DecodeTimeoutError(
                f"{work.item.filename} has not ended after {MAX_TICKS} seconds, nor did {_MOST_HUNG} others"
            )
        self._leave_behind(work)
        self.threads.replace(work.thread)
        self._isolation = self._isolation or IsolatedDecoder(self._preprocess)
        tried = self._isolation.try_alone(work.item, fetch=False)
        return self._opened_once_more(Work(tried)) or PreprocessedImage(
            work.item, error=ImageError("timeout", f"not opened within {MAX_TICKS} seconds")
        )

    def _opened_once_more(self, work: Work) -> PreprocessedImage | None:
        """What could be opened alone, or its error, in a thread that waits for nobody; None if it hangs again."""
        thread = DaemonThreads(1, "eyeful-decode")
        future = thread.submit(partial(self.open, work))
        while not work.is_hung:
            try:
                return future.result(TICK)
            except TimeoutError:
                self._watchdog.tick()
            finally:
                if future.done():
                    thread.close()
        self._leave_behind(work)
        return None

    def _leave_behind(self, work: Work) -> None:
        self._watchdog.forget(work)
        if work.thread is not None:
            MEMORY_BUDGET.forfeit(work.thread)

    def close(self) -> None:
        """Join every thread that does not hang."""
        self.threads.close(self._goes_on)
        if self._isolation is not None:
            self._isolation.close()

    def _goes_on(self) -> bool:
        self._watchdog.tick()
        return self._watchdog.hung is None
