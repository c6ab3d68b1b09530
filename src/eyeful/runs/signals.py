"""SIGINT and SIGTERM: finish what is in hand, then stop; a second one stops at once."""

import logging
import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self

log = logging.getLogger("eyeful")


class SignalHandler:
    """Listens for the duration of a block.

    Args:
        reads_stdin: the run reads names from standard input.

    Attributes:
        signal: the number of the first signal that came; None while none has.
    """

    def __init__(self, *, reads_stdin: bool = False) -> None:
        self._reads_stdin = reads_stdin
        self.signal: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # Python lets no other thread listen
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _heard(self, number: int, _: FrameType | None) -> None:
        if self.signal is not None:
            os._exit(128 + number)  # rows are written whole, and the next --resume repairs what is not
        self.signal = number
        if self._reads_stdin:  # names end at this point, also for a read that is waiting for more of them
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        log.warning("finishing what is in hand; Ctrl-C again stops at once")
