"""A container's quota and limit, as both versions of the kernel's cgroups tell them."""

import math
import os
import subprocess
import sys

import pytest

from eyeful.container import core_quota, memory_limit
from eyeful.cpu import usable_cores


@pytest.mark.parametrize(
    ("files", "cores", "memory"),
    [
        ({}, math.inf, math.inf),
        ({"cpu.max": "max 100000", "memory.max": "max"}, math.inf, math.inf),
        ({"cpu.max": "50000 100000", "memory.max": "536870912"}, 0.5, 1 << 29),
        ({"cpu.max": "", "memory.max": ""}, math.inf, math.inf),
        (
            {
                "cpu/cpu.cfs_quota_us": "150000",
                "cpu/cpu.cfs_period_us": "100000",
                "memory/memory.limit_in_bytes": "536870912",
            },
            1.5,
            1 << 29,
        ),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, math.inf, math.inf),
    ],
)
def test_quota_and_limit(files, cores, memory, tmp_path):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert core_quota(tmp_path) == cores
    assert memory_limit(tmp_path) == memory


def test_usable_cores_are_whole_and_at_least_one(monkeypatch):
    monkeypatch.setattr("eyeful.cpu.core_quota", lambda: 0.5)
    assert usable_cores() == 1
    monkeypatch.setattr("eyeful.cpu.core_quota", lambda: math.inf)
    assert usable_cores() == (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())


@pytest.mark.parametrize(("limit", "budget"), [("max", 1 << 30), (str(1 << 29), 1 << 27), ("1000", 1 << 26)])
def test_a_small_container_has_a_small_budget_for_images(limit, budget, tmp_path):
    (tmp_path / "memory.max").write_text(limit)
    code = (
        "import pathlib, eyeful.container as c; "
        f"c.memory_limit.__defaults__ = (pathlib.Path({str(tmp_path)!r}),); "
        "from eyeful.images.budget import DEFAULT_BUDGET; print(DEFAULT_BUDGET)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == budget
