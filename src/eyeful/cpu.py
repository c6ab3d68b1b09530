"""How many cores this process may use: not always those that the machine has."""

import hashlib
import math
import os
import platform
import sys
import time
from contextlib import suppress
from functools import cache
from itertools import takewhile
from pathlib import Path

from eyeful.container import core_quota


def usable_cores() -> int:
    """Cores by the process's affinity and by its container's quota, at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(cores, core_quota())))


@cache
def processor() -> tuple[str, str]:
    """The CPU's name, and a digest of what it can do, as Linux says it; else what Python knows of it."""
    facts: dict[str, str] = {}
    with suppress(OSError), Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
        for line in takewhile(str.strip, lines):  # the first core's
            key, _, value = line.partition(":")
            facts[key.strip()] = value.strip()
    name = facts.get("model name") or platform.processor() or platform.machine()
    able = facts.get("flags") or facts.get("Features") or platform.machine()
    return name, hashlib.sha256(able.encode()).hexdigest()[:16]


def share_of_cores(seconds: float = 0.1) -> float:
    """What part of the cores that it may use this process gets just now: near 1.0 where little else runs."""
    from concurrent.futures import ThreadPoolExecutor

    started = time.perf_counter()

    def work(data: bytes) -> float:
        before = time.thread_time()
        while time.perf_counter() < started + seconds:
            hashlib.sha256(data)  # which releases Python's lock
        return time.thread_time() - before

    threads = usable_cores()
    with ThreadPoolExecutor(threads) as workers:
        spent = sum(workers.map(work, [bytes(1 << 20)] * threads))
    return spent / (min(threads, core_quota()) * (time.perf_counter() - started))


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
