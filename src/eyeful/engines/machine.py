"""What this machine can run fast: asked by `doctor`, and by the advice at a run's end, which agree therefore."""

from eyeful.engines.choose import best_device
from eyeful.openvino_import import import_openvino


def cpu_name() -> str:
    """The CPU, as OpenVINO names it."""
    return str(import_openvino().Core().get_property("CPU", "FULL_DEVICE_NAME")).strip()


def native_precisions() -> set[str]:
    """What OpenVINO computes natively on this CPU: some of fp32, bf16, fp16 and int8."""
    able = import_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return {str(one).lower() for one in able} & {"fp32", "bf16", "fp16", "int8"}


def is_native(precision: str) -> bool:
    """Whether this CPU computes a precision natively; nothing that asks for advice fails because of it."""
    try:
        return precision in native_precisions()
    except Exception:  # noqa: BLE001 - a library's own, of an installation that `doctor` looks into
        return False


def gpu() -> str | None:
    """The device of a GPU that torch can use here, as `--device` takes it; None without one."""
    device = best_device()
    return None if device == "cpu" else device
