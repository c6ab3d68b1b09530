"""The machine that figures were measured on, in words: every script prints it above its tables."""

import os
import platform
from pathlib import Path

from eyeful.cpu import usable_cores
from eyeful.engines.choose import best_device

_KINDS = (("amx_tile", "AMX"), ("avx512_bf16", "AVX512-BF16"), ("avx512f", "AVX512"), ("avx2", "AVX2"))
"""What /proc/cpuinfo calls an extension, the fastest for networks first."""
_BUSY = 0.5
"""Processes that wanted to run in the last minute, for each core, from which on figures are not to be quoted."""


def machine() -> str:
    """Cores, the CPU's name and its fastest extension, and the GPU: `2 cores, AMD EPYC 9V74 (AVX512-BF16)`."""
    return ", ".join(filter(None, (_cpu(), _gpu())))


def _gpu() -> str:
    """The GPU that torch would use; empty without one."""
    if best_device() != "cuda:0":
        return ""
    import torch

    return str(torch.cuda.get_device_name(0))


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return f"{usable_cores()} cores, {platform.processor() or platform.machine()}"
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = fields.get("flags", fields.get("Features", "")).split()
    kind = next((name for flag, name in _KINDS if flag in flags), "no AVX2")
    return f"{usable_cores()} cores, {fields.get('model name', platform.machine())} ({kind})"


def load_note() -> str:
    """A line in bold where others use the machine; empty on a quiet one."""
    if not hasattr(os, "getloadavg") or os.getloadavg()[0] <= _BUSY * usable_cores():
        return ""
    return f"**The machine was busy before (load {os.getloadavg()[0]:.1f}): not to be quoted.**\n"
