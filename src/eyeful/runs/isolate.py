"""After a crash: the images that were in flight are tried one by one in a process of their own.

A codec that crashes takes its process with it, and a decode that hangs cannot be interrupted in a thread. But
a process can be lost: what it was opening then becomes an error row, and the run goes on.
"""

from __future__ import annotations

import logging
from itertools import islice
from multiprocessing import get_context
from signal import SIG_IGN, SIGINT, signal
from typing import TYPE_CHECKING

from eyeful.images import MemoryBudget
from eyeful.pipeline import MAX_TICKS
from eyeful.sources import refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from eyeful.types import Item

log = logging.getLogger("eyeful")

LIMIT = float(MAX_TICKS)
"""Seconds for one image, alone; as long as in a run, so that a crash turns no good image into an error."""
_START = 120.0
"""Seconds for the process to begin."""


def isolate_suspects(items: Iterator[Item], count: int, load: Callable[..., object]) -> Iterator[Item]:
    """The same items; of the first `count`, those that kill or hang a process are replaced by their error.

    Args:
        items: what to classify.
        count: how many may have been in flight.
        load: opens one, as `Classifier.preprocess_item` does; must be picklable.
    """
    log.info("the last run crashed: its next %d images are first tried alone", count)
    cell = _Cell(load)
    try:
        yield from (cell.tried(item) for item in islice(items, count))
    finally:
        cell.close()
    yield from items


class _Cell:
    """A process that opens one image after another, and is replaced when it dies."""

    def __init__(self, load: Callable[..., object]) -> None:
        self._load = load
        self._process: BaseProcess | None = None
        self._line: Connection

    def tried(self, item: Item) -> Item:
        if self._process is None:
            self._start()
        try:
            self._line.send(item)
            if self._line.poll(LIMIT):
                self._line.recv()
                return item
            failed = refused(item.filename, "timeout", f"not opened within {LIMIT:.0f} seconds, alone")
        except (EOFError, OSError):
            failed = refused(item.filename, "unreadable", "decoding it kills the process, even alone")
        self.close()
        return failed

    def _start(self) -> None:
        context = get_context("spawn")
        self._line, child_end = context.Pipe()
        self._process = context.Process(target=_open_all, args=(child_end, self._load), daemon=True)
        self._process.start()
        child_end.close()
        if self._line.poll(_START):
            self._line.recv()

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._line.close()
            self._process = None


def _open_all(line: Connection, load: Callable[..., object]) -> None:
    signal(SIGINT, SIG_IGN)  # Ctrl-C is for the run, which ends this process
    budget = MemoryBudget()
    line.send("ready")
    while True:
        try:
            item = line.recv()
        except EOFError:
            return
        load(item, budget=budget, thumbnails=False)
        line.send(None)
