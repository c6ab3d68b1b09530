"""How many cores this process may use: not always those that the machine has."""

import math
import os
import sys

from eyeful.container import core_quota


def usable_cores() -> int:
    """Cores by the process's affinity and by its container's quota, at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(cores, core_quota())))


_forked_with_torch = False
"""Whether this process was forked from one that had imported torch."""


def make_torch_safe_after_fork() -> None:
    """In a forked process, let torch use one thread in this one: with more it waits for threads that are gone."""
    if _forked_with_torch:
        sys.modules["torch"].set_num_threads(1)


def _note_fork() -> None:
    global _forked_with_torch  # noqa: PLW0603
    _forked_with_torch = "torch" in sys.modules


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)
