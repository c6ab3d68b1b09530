"""Noticing a decode worker that never comes back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from eyeful.errors import DecodeTimeoutError

MAX_TICKS = 30
"""Looks, a second apart, after which opening one image counts as hung; the largest take a few seconds."""


@dataclass(slots=True)
class _Work:
    what: str
    looks: int = 0


class DecodeWatchdog:
    """Knows what every worker is at. Counts looks rather than time, so that a machine asleep alarms nobody."""

    def __init__(self) -> None:
        self._at_work: dict[int, _Work] = {}

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        """This thread works on something for the duration of the block."""
        self._at_work[threading.get_ident()] = _Work(what)
        try:
            yield
        finally:
            del self._at_work[threading.get_ident()]

    def tick(self) -> None:
        """To be called about once a second by whoever waits for a worker.

        Raises:
            DecodeTimeoutError: one has been at the same image for too long; a thread cannot be interrupted, so the
                process must end.
        """
        for work in list(self._at_work.values()):
            work.looks += 1
            if work.looks > MAX_TICKS:
                raise DecodeTimeoutError(f"opening {work.what} has not ended after {MAX_TICKS} seconds")
