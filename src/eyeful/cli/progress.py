"""A progress bar on stderr with images/s and time left; nothing where stderr is not a terminal."""

import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from rich.text import Text

from eyeful.errors import EyefulError
from eyeful.sources import is_countable, open_source


class Progress:
    """Counts rows; a thread of its own counts the inputs, so that the first row need not wait for it.

    Args:
        inputs: what the run was asked for, walked a second time to count.
        search: how, as for the run: the keywords of `open_source`.
    """

    def __init__(self, inputs: list[str], search: dict[str, Any]) -> None:
        self._inputs = inputs
        self._search = search
        self._bar = RichProgress(
            TextColumn("classifying"),
            BarColumn(),
            MofNCompleteColumn(),
            _SpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._shown = self._bar.console.is_terminal
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        if self._shown:
            self._bar.start()
            self._task = self._bar.add_task("", total=None)
            if all(is_countable(one) for one in self._inputs):
                threading.Thread(target=self._count, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._shown:
            self._bar.stop()

    def advance(self, rows: int) -> None:
        """So many rows more."""
        if self._shown:
            self._bar.advance(self._task, rows)

    def _count(self) -> None:
        total = 0
        with suppress(EyefulError):  # the run itself says what is wrong
            for _ in open_source(self._inputs, **self._search).items:
                total += 1
                if self._stop.is_set():
                    return
            self._bar.update(self._task, total=total)


class _SpeedColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.finished_speed or task.speed or 0:.0f} images/s")
