"""What a container, if it is in one, lets this process have: cores, bytes; cgroup v2 and v1."""

import math
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
"""Where the kernel says it of the container that one is in."""


def core_quota(cgroup: Path = CGROUP) -> float:
    """Cores that the container may use on average; infinite where there is no quota."""
    v2 = _numbers(cgroup / "cpu.max")
    v1 = [*_numbers(cgroup / "cpu" / "cpu.cfs_quota_us"), *_numbers(cgroup / "cpu" / "cpu.cfs_period_us")]
    return min((one[0] / one[1] for one in (v2, v1) if len(one) == 2 and min(one) > 0), default=math.inf)


def memory_limit(cgroup: Path = CGROUP) -> float:
    """Bytes that the container may use; infinite where there is no limit."""
    files = (cgroup / "memory.max", cgroup / "memory" / "memory.limit_in_bytes")
    return min((one[0] for one in map(_numbers, files) if one and one[0] > 0), default=math.inf)


def _numbers(file: Path) -> list[int]:
    """What a file of the kernel holds; nothing where it is not there, or says "max"."""
    try:
        return [int(word) for word in file.read_text(encoding="ascii").split()]
    except (OSError, ValueError):
        return []
