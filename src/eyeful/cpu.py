"""How many cores this process may use: not always those that the machine has."""

import math
import os
import sys
from functools import cache
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(quota: Path = _QUOTA) -> int:
    """Cores by the process's affinity and by its container's quota (cgroup v2), at least 1.

    Args:
        quota: the kernel's file: "MICROSECONDS PERIOD", or "max PERIOD" for no quota.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        allowed, period = quota.read_text(encoding="ascii").split()
        cores = min(cores, math.ceil(int(allowed) / int(period)))
    except (OSError, ValueError):  # no such file, or "max": no quota
        pass
    return max(1, cores)


@cache
def make_torch_safe_after_fork() -> None:
    """Let torch use one thread in forked children: with more it would wait for threads that are gone."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_use_one_torch_thread)


def _use_one_torch_thread() -> None:
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
