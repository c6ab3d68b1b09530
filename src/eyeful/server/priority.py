"""Computing gives way to the event loop, which must answer whatever there is to do."""

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

_NICE = 10


def step_back() -> None:
    """Lower the priority of this thread, and of those that it starts from now on."""
    _lower(threading.get_native_id())


def let_others_step_back() -> None:
    """Lower the priority of all other threads of this process: engines start their own, and say nothing."""
    if sys.platform == "linux":
        for task in Path("/proc/self/task").iterdir():
            if int(task.name) != threading.get_native_id():
                _lower(int(task.name))


def _lower(thread: int) -> None:
    if sys.platform == "linux":  # elsewhere only whole processes have a priority
        with suppress(OSError):  # it has ended, or is lower already
            os.setpriority(os.PRIO_PROCESS, thread, _NICE)
