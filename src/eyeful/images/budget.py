"""One memory budget shared by all decode workers, so that ten bombs cost no more than one."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from eyeful.errors import StuckError

DEFAULT_BUDGET = 1 << 30
"""Bytes of decoded pixels that may be alive at once, over all workers."""

STUCK_AFTER = 30.0
"""Seconds after which decoding one picture counts as hung; the largest take a few, many at a time."""


class MemoryBudget:
    """A semaphore weighted by bytes, that knows what is being decoded and since when.

    Args:
        total: bytes that may be held at once. A single larger request is let in alone.
    """

    def __init__(self, total: int = DEFAULT_BUDGET) -> None:
        self._total = total
        self._free = total
        self._changed = threading.Condition()
        self._held: dict[int, tuple[float, str]] = {}  # by thread: since when, what

    @contextmanager
    def hold(self, size: int, what: str = "a picture") -> Iterator[None]:
        """Wait until `size` bytes are free, and keep them for the duration of the block."""
        size = min(size, self._total)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= size)
            self._free -= size
            self._held[threading.get_ident()] = (time.monotonic(), what)
        try:
            yield
        finally:
            with self._changed:
                del self._held[threading.get_ident()]
                self._free += size
                self._changed.notify_all()

    def check(self) -> None:
        """Look whether a worker has held its share for too long.

        Raises:
            StuckError: one has; a thread cannot be interrupted, so the process must end.
        """
        with self._changed:
            since, what = min(self._held.values(), default=(time.monotonic(), ""))
        if time.monotonic() - since > STUCK_AFTER:
            raise StuckError(f"decoding {what} has not ended after {STUCK_AFTER:.0f} seconds")
