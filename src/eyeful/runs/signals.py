"""SIGINT and SIGTERM: finish what is in hand, then stop; a second SIGINT stops at once."""

import os
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any, Self


class Stop:
    """Listens for the duration of a block.

    Attributes:
        signal: the number of the first signal that came; None while none has.
    """

    def __init__(self) -> None:
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
        if self.signal is not None and number == signal.SIGINT:
            os._exit(128 + number)  # rows are written whole, and the next --resume repairs what is not
        if self.signal is None:
            self.signal = number
            sys.stderr.write("eyeful: finishing what is in hand; Ctrl-C again stops at once\n")
