"""The memory that images may cost, shared by all threads of the process: first come, first served.

An image's bytes come from two parts, and every thread takes them in one order: first for what it holds encoded,
then for what decoding it will cost. Whoever holds a share for decoding asks for nothing more, so it ends and gives
its share back; those who wait for one hold encoded bytes only; and so nobody waits in a ring.
"""

import ctypes
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from eyeful.container import memory_limit

DEFAULT_BUDGET = int(min(1 << 30, max(1 << 26, memory_limit() / 4)))
"""Bytes that the images in hand may cost at once, over all threads of the process.

Less in a small container, which holds the libraries and the network too."""


class _Part:
    """A semaphore weighted by bytes, with a queue."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._free = total
        self._changed = threading.Condition()
        self._queue: deque[int] = deque()

    def take(self, size: int) -> int:
        """Wait for one's turn and for so many free bytes. Returns what to give back."""
        size = min(size, self._total)
        thread = threading.get_ident()
        with self._changed:
            self._queue.append(thread)
            try:
                self._changed.wait_for(lambda: self._queue[0] == thread and self._free >= size)
                self._free -= size
            finally:
                self._queue.remove(thread)
                self._changed.notify_all()
        return size

    def give_back(self, size: int) -> None:
        with self._changed:
            self._free += size
            self._changed.notify_all()

    def is_waiting(self, thread: int) -> bool:
        with self._changed:
            return thread in self._queue


@dataclass(frozen=True, slots=True, eq=False)
class _Share:
    """So many bytes of a part, in somebody's hands."""

    part: _Part
    size: int


class _Thread(threading.local):
    """How many shares for decoding the present thread holds."""

    decodes = 0


class MemoryBudget:
    """What images may cost at once.

    A request beyond its whole part is let in when nothing else is, so that one large image still has its answer.
    Requests are served in the order in which they come: small ones do not overtake a large one.

    Args:
        total: bytes; a quarter is for encoded images, the rest for decoding.
    """

    def __init__(self, total: int = DEFAULT_BUDGET) -> None:
        self._total = total
        self.reset()

    def reset(self) -> None:
        """Begin anew: in a forked child, which has none of the threads that held shares or a lock."""
        self._encoded = _Part(self._total // 4)
        self._decoding = _Part(self._total - self._total // 4)
        self._thread = _Thread()
        self._held: dict[int, list[_Share]] = {}
        """thread → what it holds."""
        self._changing = threading.Lock()

    @contextmanager
    def hold_encoded(self, size: int) -> Iterator[None]:
        """Wait until an image's encoded bytes fit, and keep their share for the duration of the block."""
        with self._hold(self._encoded, size):
            yield

    @contextmanager
    def hold_decoding(self, size: int) -> Iterator[None]:
        """Wait until what decoding an image costs fits, and keep its share for the duration of the block."""
        with self._hold(self._decoding, size):
            self._thread.decodes += 1
            try:
                yield
            finally:
                self._thread.decodes -= 1

    def is_waiting(self, thread: int) -> bool:
        """Whether a thread, by its `threading.get_ident()`, waits for memory, which is no hanging."""
        return self._encoded.is_waiting(thread) or self._decoding.is_waiting(thread)

    def forfeit(self, thread: int) -> None:
        """Give back what a thread holds that hangs for ever, so that others need not wait for it."""
        with self._changing:
            shares = self._held.pop(thread, [])
        for share in shares:
            share.part.give_back(share.size)

    @contextmanager
    def _hold(self, part: _Part, size: int) -> Iterator[None]:
        if not size or self._thread.decodes:
            # an image that is opened while the same thread has one open: only this thread could free memory for it
            yield
            return
        share = _Share(part, part.take(size))
        thread = threading.get_ident()
        with self._changing:
            self._held.setdefault(thread, []).append(share)
        try:
            yield
        finally:
            with self._changing:
                shares = self._held.get(thread, [])
                is_held = share in shares  # else it was forfeited
                if is_held:
                    shares.remove(share)
            if is_held:
                part.give_back(share.size)


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    """The function of glibc; other C libraries have none, and need none."""
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
    return trim


def release_freed_memory() -> None:
    """Give freed memory back to the system.

    glibc keeps what was freed for the thread that had it: 7 GB after 16 threads had an image of 350 MB each.
    """
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


MEMORY_BUDGET = MemoryBudget()
"""The budget of this process."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=MEMORY_BUDGET.reset)
