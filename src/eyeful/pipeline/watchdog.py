"""Noticing a decode thread that never comes back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from eyeful.images import MEMORY_BUDGET
from eyeful.types import Item

MAX_TICKS = 30
"""Ticks, a second apart, after which opening one image counts as hung; the largest take a few seconds."""


@dataclass(slots=True, eq=False)
class Work:
    """One image to open: in which thread, None before it begins; and how many ticks have gone by since."""

    item: Item
    thread: int | None = None
    ticks: int = 0

    @property
    def is_hung(self) -> bool:
        """Whether it has taken too long."""
        return self.ticks > MAX_TICKS


class DecodeWatchdog:
    """Knows what every thread is at. Counts ticks rather than time, so that a machine asleep alarms nobody."""

    def __init__(self) -> None:
        self._running: set[Work] = set()

    @contextmanager
    def on(self, work: Work) -> Iterator[None]:
        """This thread works on something for the duration of the block."""
        work.thread = threading.get_ident()
        self._running.add(work)
        try:
            yield
        finally:
            self._running.discard(work)

    def forget(self, work: Work) -> None:
        """No longer watch a thread that is left behind."""
        self._running.discard(work)

    def tick(self) -> None:
        """To be called about once a second by whoever waits for a thread. Waiting for memory is not hanging."""
        for work in list(self._running):
            if work.thread is not None and not MEMORY_BUDGET.is_waiting(work.thread):
                work.ticks += 1

    @property
    def hung(self) -> Work | None:
        """One that has taken too long, if there is any."""
        return next((work for work in list(self._running) if work.is_hung), None)
