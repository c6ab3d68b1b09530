"""One memory budget shared by all decode workers, so that ten bombs cost no more than one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

DEFAULT_BUDGET = 1 << 30
"""Bytes of decoded pixels that may be alive at once, over all workers."""


class MemoryBudget:
    """A semaphore weighted by bytes.

    Args:
        total: bytes that may be held at once. A single larger request is let in alone.
    """

    def __init__(self, total: int = DEFAULT_BUDGET) -> None:
        self._total = total
        self._free = total
        self._changed = threading.Condition()

    def is_waiting(self, thread: int) -> bool:
        return False

    def forfeit(self, thread: int | None) -> None:
        pass

    @contextmanager
    def hold(self, size: int) -> Iterator[None]:
        """Wait until `size` bytes are free, and keep them for the duration of the block."""
        size = min(size, self._total)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= size)
            self._free -= size
        try:
            yield
        finally:
            with self._changed:
                self._free += size
                self._changed.notify_all()


MEMORY_BUDGET = MemoryBudget()
