"""Device, engine and precision: what is asked and what runs are compared, and nothing falls back silently."""

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from eyeful import plugins
from eyeful.engines.base import ConvertedFamily, EngineFamily, ModuleFamily, Precision
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
        PluginError: there is none of that name, or it cannot be used.
    """

    def fault_of(found: Any) -> str | None:
        if not isinstance(found, ConvertedFamily | ModuleFamily):
            return "is neither a ConvertedFamily nor a ModuleFamily"
        return None if found.name == engine else f"is named {found.name!r}, unlike its entry point"

    found: EngineFamily = plugins.load("engines", engine, fault_of)
    return found


def check_installed(engine: str) -> None:
    """See that an engine is auto, or one that is there.

    Raises:
        UsageError: it is neither.
    """
    engines = plugins.names("engines")
    if engine not in ("auto", *engines):
        raise UsageError(
            f"engine {engine!r} is not one of auto, {', '.join(engines)}, which are installed (`eyeful doctor`)"
        )


def choose(device: str = "auto", engine: str = "auto", precision: str = "auto") -> Choice:
    """Settle what `auto` means here, and refuse what cannot run here.

    Args:
        device: auto, cpu, cuda, cuda:N, mps, or a kind that the engine knows. `auto` takes a GPU where torch has
            one and the engine runs on it.
        engine: auto, or the name of an engine. `auto` is OpenVINO on a CPU, torch on a GPU; never another
            package's, which is asked for by its name.
        precision: auto, fp32, bf16 or fp16.

    Raises:
        UsageError: a word that is none of these.
        EngineError: the device is not here, or the engine cannot use it.
        PluginError: the engine is another package's and cannot be used.
    """
    check_installed(engine)
    precisions = get_args(Precision)
    if precision == "int8":
        raise UsageError(
            "int8 is another network, made with images of yours: eyeful predict PHOTOS --precision int8, or "
            "eyeful export MODEL -o DIR --precision int8 --calibrate PHOTOS; then --model DIR"
        )
    if precision not in ("auto", *precisions):
        raise UsageError(f"precision {precision!r} is not one of auto, {', '.join(precisions)}, int8")
    device = _device(device, None if engine == "auto" else family(engine))
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


def _device(device: str, engine: EngineFamily | None) -> str:
    kind, _, number = device.partition(":")
    kinds = engine.devices if engine is not None else ("cpu", "cuda", "mps")
    if kind not in ("cpu", "cuda", "mps") and kind in kinds:
        return device  # torch knows nothing of it; the engine says whether it is here
    if kind not in ("auto", "cpu", "cuda", "mps") or (number and (kind != "cuda" or not number.isdigit())):
        raise UsageError(f"device {device!r} is not one of {DEVICES}")
    if device == "auto":
        best = "cpu" if kinds == ("cpu",) else best_device()
        return best if best.partition(":")[0] in kinds else _device(kinds[0], engine)
    if kind == "cuda":
        _check_cuda(int(number or 0))
        return f"cuda:{number or 0}"
    if kind == "mps" and not _has_mps():
        raise EngineError("this machine has no MPS device (an Apple GPU that torch can use): --device cpu")
    return device


def best_device() -> str:
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
