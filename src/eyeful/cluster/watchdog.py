"""A worker that makes no row any more ends itself: its shards are made again, and nobody waits for it for ever."""

from __future__ import annotations

import faulthandler
import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SILENCE = 300.0
"""Seconds without a row. Whatever an image waits for has a shorter limit of its own."""


class Watchdog:
    """Watches one process.

    Args:
        silence: seconds without a row, while one is awaited.
        end: what to do then.
    """

    def __init__(self, silence: float = SILENCE, end: Callable[[], object] = lambda: os._exit(3)) -> None:
        self._silence = silence
        self._end = end
        self._awaited = 0
        self._last = time.monotonic()
        self._changing = threading.Lock()

    def start(self) -> None:
        """Watch from now on, until the process ends."""
        threading.Thread(target=self._watch, name="eyeful-watchdog", daemon=True).start()

    @contextmanager
    def watching(self) -> Iterator[Callable[[int], None]]:
        """Await rows for the duration of a block; to be called with each number of new ones."""
        with self._changing:
            self._awaited += 1
        self._note()
        try:
            yield self._note
        finally:
            with self._changing:
                self._awaited -= 1

    def _note(self, _: int = 0) -> None:
        self._last = time.monotonic()

    def _watch(self) -> None:
        while True:
            time.sleep(self._silence / 20)
            if self._awaited and time.monotonic() - self._last > self._silence:
                faulthandler.dump_traceback()  # to Ray's log of this worker
                self._end()
                return
