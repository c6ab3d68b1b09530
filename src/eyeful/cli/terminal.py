"""One live line at the bottom of a terminal, on stderr, which shares its line with nothing else.

Whatever the program, a library or a sink writes meanwhile goes through `guard_streams`: the live line is erased
first, and comes back below. So a row begins a line, whichever sink writes it and whoever reads it.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import textwrap
import threading
import time
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, Self, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

ERASE = "\r\x1b[2K"
"""The cursor to the line's beginning, and the line empty."""
_ONE_LINE = "\x1b[?7l", "\x1b[?7h"
"""Around a text: the terminal cuts it at its edge, and does not go on in a second line."""
_TICK = 0.1
_READ_ELSEWHERE = 0.5
"""Seconds that a program behind a pipe has to print a row on this terminal, before the live line comes back."""
_WORTH_COUNTING = 3
"""Seconds from which on a text says how many there were."""
_USUAL_COLUMNS = 80
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

_lock = threading.RLock()
_live: LiveLine | None = None
_in_a_line = False
"""Whether the last thing written to the terminal ended without a line break, as other libraries' bars do."""


class LiveLine:
    """A line that says what goes on while a block runs; nothing where stderr is no terminal.

    Args:
        text: what it says, or a function that tells it.
        delay: seconds of the block before it is shown.
    """

    def __init__(self, text: str | Callable[[], str], delay: float = 0.0) -> None:
        self.text = text
        self._delay = delay
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._shown = False
        self._not_before = 0.0

    def __enter__(self) -> Self:
        global _live  # noqa: PLW0603 - a terminal has one last line
        if _live is None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            self._started = time.monotonic()
            self._not_before = self._started + self._delay
            _live = self
            self._draw()
            self._thread = threading.Thread(target=self._keep_drawing, name="eyeful-terminal", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _live  # noqa: PLW0603
        if self._thread is not None:
            self._ended.set()
            self._thread.join()
            self._erase()
            _live = None

    @property
    def is_open(self) -> bool:
        """Whether there is a terminal that it is for."""
        return self._thread is not None

    def say(self, text: str) -> None:
        """Say another text from now on."""
        self.text = text
        if self.is_open:
            self._draw()

    @contextmanager
    def away(self, pause: float) -> Iterator[None]:
        """Erase it for a block that writes something, and keep away for some seconds more."""
        shown = self._shown
        self._erase()
        self._not_before = max(self._not_before, time.monotonic() + pause)
        yield
        if shown:
            self._draw()

    def _keep_drawing(self) -> None:
        while not self._ended.wait(_TICK):
            self._draw()

    def _draw(self) -> None:
        with _lock:
            now = time.monotonic()
            if now < self._not_before or _in_a_line:
                return
            frame = _FRAMES[int((now - self._started) / _TICK) % len(_FRAMES)]
            text = self._timed(self.text, now) if isinstance(self.text, str) else self.text()
            text = text[: live_columns()]
            self._write(f"{ERASE}{_ONE_LINE[0]}{frame} {text}{_ONE_LINE[1]}")
            self._shown = True

    def _timed(self, text: str, now: float) -> str:
        seconds = int(now - self._started)
        return f"{text} ({seconds} s)" if seconds >= _WORTH_COUNTING else text

    def _erase(self) -> None:
        with _lock:
            if self._shown:
                self._write(ERASE)
                self._shown = False

    @staticmethod
    def _write(text: str) -> None:
        stream = sys.__stderr__ or sys.stderr  # past the guard
        if _is_in_foreground(stream):
            stream.write(text)
            stream.flush()


def loading(model: str, *, quiet: bool = False) -> AbstractContextManager[object]:
    """A line that says so while a model is loaded for half a second and more; it is mostly there at once."""
    return nullcontext() if quiet else LiveLine(f"loading {model}", 0.5)


class _Guarded:
    """A standard stream before whose writes the live line is erased.

    Args:
        stream: the stream itself.
        pause: seconds for which the live line then stays away.
    """

    def __init__(self, stream: TextIO, pause: float) -> None:
        self._stream = stream
        self._pause = pause

    def write(self, text: str) -> int:
        """Write, on a line of its own."""
        global _in_a_line  # noqa: PLW0603
        with _lock:
            if not self._pause and text:
                _in_a_line = _ends_in_a_line(text)
            if _live is None:
                return self._stream.write(text)
            with _live.away(self._pause):
                written = self._stream.write(text)
                self._stream.flush()
            return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _ends_in_a_line(text: str) -> bool:
    """Whether something stands on the last line after a text; a bar that was erased leaves only blanks."""
    return bool(text.rpartition("\n")[2].rstrip("\r").rpartition("\r")[2].strip())


def guard_streams() -> None:
    """Keep the live line away from what is written to the terminal, or to a pipe that may lead back to it."""
    if not sys.stderr.isatty():
        return
    if sys.platform == "win32":
        from colorama import just_fix_windows_console

        just_fix_windows_console()  # older consoles take escape sequences only when they are told to
    sys.stderr = cast("TextIO", _Guarded(sys.stderr, 0.0))
    if sys.stdout.isatty():
        sys.stdout = cast("TextIO", _Guarded(sys.stdout, 0.0))
    elif _is_pipe(sys.stdout):
        sys.stdout = cast("TextIO", _Guarded(sys.stdout, _READ_ELSEWHERE))


def _is_pipe(stream: TextIO) -> bool:
    mode = os.fstat(stream.fileno()).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def print_status(text: str) -> None:
    """One line on stderr, under the program's name; none where stderr cannot be written, on a full disk."""
    with suppress(OSError):
        sys.stderr.write(fitted(f"eyeful: {text}") + "\n")
        sys.stderr.flush()


def fitted(text: str) -> str:
    """A line as a terminal shall show it: broken between words, not inside `a command`; elsewhere as it is."""
    if "\n" in text or not sys.stderr.isatty():
        return text
    together = re.sub(r"`[^`]*`", lambda command: command[0].replace(" ", "\0"), text)
    shown = textwrap.fill(
        together, _columns(), subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    return shown.replace("\0", " ")


def _columns() -> int:
    """The terminal's width; one that was never told its size says 0."""
    with suppress(ValueError):
        if (asked := int(os.environ.get("COLUMNS", ""))) > 0:
            return asked
    with suppress(OSError):
        if (found := os.get_terminal_size(sys.stderr.fileno()).columns) > 0:
            return found
    return _USUAL_COLUMNS


def live_columns() -> int:
    """So many a live line's text may have: beside it stand the spinner and the `^C` that a terminal echoes."""
    return max(_columns() - 4, 1)


def _is_in_foreground(terminal: TextIO) -> bool:
    """Whether a terminal's line is ours: a shell's background job would draw into what is typed there."""
    with suppress(OSError):
        return sys.platform == "win32" or os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    return True  # not the terminal of this process's session


def _forget() -> None:
    """In a forked child: another process draws."""
    global _lock, _live
    _lock, _live = threading.RLock(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
