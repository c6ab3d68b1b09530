"""One deadline for work that cannot be interrupted: a name look-up, a download, a bucket's own library."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Future[R]:
    """Call a function in a thread of its own, which does not keep the process alive."""
    future: Future[R] = Future()
    future.set_running_or_notify_cancel()

    def work() -> None:
        try:
            result = function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - it is raised where the result is asked for
            future.set_exception(error)
        except BaseException as error:  # noqa: BLE001 - a library's own: it must not end whoever waits
            future.set_exception(RuntimeError(f"{type(error).__name__} {error}".rstrip()))
        else:
            future.set_result(result)

    threading.Thread(target=work, name="eyeful-fetch", daemon=True).start()
    return future


class Deadline:
    """So many seconds for one or several calls together; what lies between the calls does not count.

    Args:
        seconds: for all calls.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._left = seconds

    def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a function, but wait for it no longer than is left. One that is late goes on by itself.

        Raises:
            TimeoutError: it has not ended in time. A result that still comes is closed, if it can be.
            Exception: what the function raises.
        """
        started = time.monotonic()
        future = in_thread(function, *args, **kwargs)
        try:
            return future.result(max(0.0, self._left))
        except TimeoutError:
            future.add_done_callback(_close_result)
            raise
        finally:
            self._left -= time.monotonic() - started


def _close_result(late: Future[R]) -> None:
    close = getattr(None if late.exception() else late.result(), "close", None)
    if callable(close):
        with suppress(Exception):
            close()
