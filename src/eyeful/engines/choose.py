"""Device, engine and precision: what is asked and what runs are compared, and nothing falls back silently."""

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from eyeful import plugins
from eyeful.engines.base import EngineFamily, Precision
from eyeful.errors import EngineError, UsageError
from eyeful.extras import available, require

DEVICES = "auto, cpu, cuda, cuda:N or mps"


@dataclass(frozen=True, slots=True)
class Choice:
    """What will run. `precision` is None where the engine shall pick what the device does natively."""

    engine: str
    device: str
    precision: Precision | None


def family(engine: str) -> EngineFamily:
    """What is known of an engine, by its name.

    Raises:
        PluginError: it cannot be imported.
    """
    found = plugins.load("engines", engine)
    assert isinstance(found, EngineFamily)  # noqa: S101 - the contract of this group
    return found


def choose(device: str = "auto", engine: str = "auto", precision: str = "auto") -> Choice:
    """Settle what `auto` means here, and refuse what cannot run here.

    Args:
        device: auto, cpu, cuda, cuda:N or mps. `auto` takes a GPU where torch has one.
        engine: auto, or the name of an engine. `auto` is OpenVINO on a CPU, torch on a GPU.
        precision: auto, fp32, bf16 or fp16.

    Raises:
        UsageError: a word that is none of these.
        EngineError: the device is not here, or the engine cannot use it.
    """
    engines, precisions = plugins.names("engines"), get_args(Precision)
    if engine not in ("auto", *engines):
        raise UsageError(f"engine {engine!r} is not one of auto, {', '.join(engines)}")
    if precision == "int8":
        raise UsageError(
            "an int8 model is made with images of yours: eyeful export MODEL -o DIR --precision int8 "
            "--calibrate PHOTOS; then --model DIR"
        )
    if precision not in ("auto", *precisions):
        raise UsageError(f"precision {precision!r} is not one of auto, {', '.join(precisions)}, int8")
    device = _device(device, engine)
    if engine == "auto":
        engine = "openvino" if device == "cpu" else "torch"
    _check_able(family(engine), device, precision)
    return Choice(engine, device, None if precision == "auto" else precision)  # type: ignore[arg-type]


def _check_able(engine: EngineFamily, device: str, precision: str) -> None:
    if device.partition(":")[0] not in engine.devices:
        runs = " and ".join("the CPU" if kind == "cpu" else kind for kind in engine.devices)
        raise EngineError(
            f"the engine {engine.name} runs on {runs}, not on {device}: --engine torch --device {device}"
        )
    if precision != "auto" and precision not in engine.precisions:
        able = " and ".join(engine.precisions)
        raise EngineError(
            f"the engine {engine.name} runs {able}, not {precision}: --engine openvino --precision {precision}"
        )


def _device(device: str, engine: str) -> str:
    kind, _, number = device.partition(":")
    if kind not in ("auto", "cpu", "cuda", "mps") or (number and (kind != "cuda" or not number.isdigit())):
        raise UsageError(f"device {device!r} is not one of {DEVICES}")
    if device == "auto":
        return _best_device() if engine in ("auto", "torch") else "cpu"
    if kind == "cuda":
        _check_cuda(int(number or 0))
        return f"cuda:{number or 0}"
    if kind == "mps" and not _has_mps():
        raise EngineError("this machine has no MPS device (an Apple GPU that torch can use): --device cpu")
    return device


def _best_device() -> str:
    """A GPU where torch can use one; torch is imported only where a GPU's driver is."""
    if not available("torch"):
        return "cpu"
    if Path("/proc/driver/nvidia/version").exists() or platform.system() == "Windows":
        import torch

        if torch.cuda.is_available():
            return "cuda:0"
    return "mps" if _has_mps() else "cpu"


def _has_mps() -> bool:
    if platform.system() != "Darwin" or not available("torch"):
        return False
    import torch

    return torch.backends.mps.is_available()


def _check_cuda(number: int) -> None:
    require("torch", "a CUDA device")
    import torch

    if not torch.cuda.is_available():
        build = "this torch is a CPU build" if torch.version.cuda is None else "torch finds no CUDA GPU or driver"
        raise EngineError(f"there is no CUDA device here ({build}): --device cpu, or --device auto")
    if number >= torch.cuda.device_count():
        raise EngineError(f"there is no cuda:{number}; torch finds {torch.cuda.device_count()} CUDA device(s)")
