"""Start-up: whole processes that classify one image, cold and warm, beside a script on torch."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from eyeful.errors import EngineError

_EYEFUL = """
import os, sys
from eyeful.cli import console_script
try:
    console_script()
finally:
    if os.path.exists("/proc/self/status"):
        with open("/proc/self/status") as status:
            print(next(line.split()[1] for line in status if line.startswith("VmHWM:")), file=sys.stderr)
"""
# A process's own high-water mark: what wait4 reports begins with the memory of the process that forked it.

_SCRIPT = """
import sys
from eyeful.models.torchvision_import import import_torchvision  # imports torch and TorchVision, nothing else
import_torchvision()
import torch
from PIL import Image
from torchvision.models import get_model
from torchvision.transforms import v2
transform = v2.Compose([v2.Resize(256), v2.CenterCrop(224), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])
model = get_model(sys.argv[2]).eval()
with torch.inference_mode():
    torch.softmax(model(transform(Image.open(sys.argv[1]).convert("RGB")).unsqueeze(0)), 1).topk(5)
"""


def startup(flags: list[str], image: Path, architecture: str = "resnet18", repeats: int = 3) -> dict[str, float]:
    """Seconds from start to answer, the best of a few processes.

    Args:
        flags: of `eyeful predict`: the model and how to run it.
        image: one file.
        architecture: TorchVision's name of the network that the script runs, without its weights.
        repeats: processes of each kind; cold runs once, with an empty cache.

    Returns:
        `cold`, `warm` and `torch script` in seconds, `warm peak memory` in MB.
    """
    command = [sys.executable, "-c", _EYEFUL, "predict", str(image), "--quiet", *flags]
    with tempfile.TemporaryDirectory() as empty:
        cold, _ = _run(command, {"EYEFUL_HOME": empty})
    warm = [_run(command, {}) for _ in range(repeats)]
    script = [_run([sys.executable, "-c", _SCRIPT, str(image), architecture], {}) for _ in range(repeats)]
    return {
        "cold": cold,
        "warm": min(seconds for seconds, _ in warm),
        "torch script": min(seconds for seconds, _ in script),
        "warm peak memory": max(peak for _, peak in warm),
    }


def _run(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Wall seconds of one process, and its peak memory in MB where it told (on Linux), else 0.

    Raises:
        EngineError: it failed, so its time means nothing.
    """
    started = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - our own command
        command, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        raise EngineError(f"start-up cannot be measured: {' '.join(done.stderr.split())[-300:]}")
    *_, last = done.stderr.splitlines() or [""]
    return seconds, int(last) / 1024 if last.isdigit() else 0.0
