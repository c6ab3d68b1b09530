"""How many cores this process may use: not always those that the machine has."""

import math
import os
import sys
from functools import cache

from eyeful.container import core_quota


def usable_cores() -> int:
    """Cores by the process's affinity and by its container's quota, at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(cores, core_quota())))


@cache
def make_torch_safe_after_fork() -> None:
    """Let torch use one thread in forked children: with more it would wait for threads that are gone."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_use_one_torch_thread)


def _use_one_torch_thread() -> None:
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
