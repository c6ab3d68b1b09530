"""How far a run is: a bar, images/s and the time left on the terminal's live line."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from eyeful.cli.terminal import LiveLine, live_columns
from eyeful.errors import EyefulError
from eyeful.sources import is_countable, open_source
from eyeful.wording import bar, rate

if TYPE_CHECKING:
    from types import TracebackType

_DELAY = 0.5
"""Seconds of a run before it is shown: a short one needs none."""
_WIDTH, _NARROWEST = 20, 5
"""Columns of the bar, and the fewest that it is worth drawing in."""
_SAMPLED, _SAMPLES = 0.1, 100
"""Seconds between the counts that the speed is computed over, and how many there are: ten seconds."""


class Progress:
    """Counts rows; a thread of its own counts the inputs, so that the first row need not wait for it.

    Args:
        inputs: what the run was asked for, walked a second time to count.
        search: how, as for the run: the keywords of `open_source`.
        share: one of so many shares of the inputs is made here.
        doing: what is done with an image.
    """

    def __init__(
        self, inputs: list[str], search: dict[str, Any], share: int = 1, doing: str = "classifying"
    ) -> None:
        self._inputs = inputs
        self._search = search
        self._share = share
        self._doing = doing
        self._line = LiveLine(self._text, _DELAY)
        self._rows = 0
        self._before = ""
        self._total: int | None = None
        self._samples: deque[tuple[float, int]] = deque(maxlen=_SAMPLES)
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        self._line.__enter__()
        if self._line.is_open and all(is_countable(one) for one in self._inputs):
            threading.Thread(target=self._count, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._line.__exit__(kind, error, trace)

    def advance(self, rows: int) -> None:
        """So many rows more."""
        self._rows += rows

    def say(self, text: str) -> None:
        """Say what goes on before the first row."""
        self._before = text

    def _text(self) -> str:
        if self._before and not self._rows:
            return self._before
        now, rows, total = time.monotonic(), self._rows, self._total
        if not self._samples or now - self._samples[-1][0] >= _SAMPLED:
            self._samples.append((now, rows))
        earlier, before = self._samples[0]
        speed = (rows - before) / max(now - earlier, 1e-9)
        share = min(1.0, rows / total) if total else 0.0
        done = (f"{rows}" if total is None else f"{rows}/{total}") + (f", {rate(speed)} images/s" if rows else "")
        left = f", {_duration(max(total - rows, 0) / speed)} left" if total is not None and rows and speed else ""
        free = live_columns() - len(f"{self._doing} {done}")
        if total is not None and (width := min(_WIDTH, free - len(f" {left}"))) >= _NARROWEST:
            done = f"{bar(share, width):░<{width}} {done}"
        return f"{self._doing} {done}" + (left if len(left) <= free else "")

    def _count(self) -> None:
        total = 0
        with suppress(EyefulError):  # the run itself says what is wrong
            for _ in open_source(self._inputs, **self._search).items:
                total += 1
                if self._ended.is_set():
                    return
            self._total = round(total / self._share)


def _duration(seconds: float) -> str:
    """`9 s`, `1:05 min` or `2:30 h`."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, rest_of_hour = divmod(minutes, 60)
    return f"{hours}:{rest_of_hour:02} h" if hours else f"{minutes}:{rest:02} min"
