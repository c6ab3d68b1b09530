"""Computing gives way to the event loop, which must answer whatever there is to do."""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_NICE = 10


def step_back() -> None:
    """Lower the priority of this thread, and of those that it starts from now on."""
    if sys.platform == "linux":  # elsewhere only whole processes have a priority
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def stepped_back(make: Callable[[], T]) -> T:
    """What `make` makes, with a lower priority for the threads that it starts."""
    with ThreadPoolExecutor(1, initializer=step_back) as thread:
        return thread.submit(make).result()
