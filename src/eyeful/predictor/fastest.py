"""What `auto` means on this machine: the engine and the settings that were measured to be fastest."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from eyeful.cpu import usable_cores
from eyeful.engines import ConvertedFamily, family
from eyeful.engines.machine import is_native
from eyeful.engines.tuning import Running, is_on, recorded_tuning, tuning_of
from eyeful.models import ModelRequest
from eyeful.models.local import is_graph
from eyeful.prepare import prepared, prepared_already

if TYPE_CHECKING:
    from eyeful.bundle import Bundle
    from eyeful.engines import Choice
    from eyeful.engines.tuning import Tuning
    from eyeful.predictor.spec import PredictorSpec

_FIRST = "openvino"
"""The engine that `auto` means on a CPU, unless another is faster."""
RIVAL = "onnxruntime"
"""The engine that is tried beside OpenVINO."""


def tuned(
    bundle: Bundle, choice: Choice, spec: PredictorSpec, request: ModelRequest | None = None
) -> tuple[Bundle, Tuning | None]:
    """The bundle that runs a model fastest, and with which settings; None: the engine's own.

    OpenVINO computes in bf16 where the CPU does so natively, twice as fast as any engine in fp32. Where it does
    not, ONNX Runtime is tried too, if it is installed. An engine or a precision that is asked for stays.

    Args:
        bundle: for the engine that was chosen.
        choice: the device and the precision.
        spec: what was asked for.
        request: what the bundle was made of, so that another engine's can be, too.
    """
    if not spec.autotune or not is_on():
        return bundle, None
    running = Running(bundle, choice.device, choice.precision, spec.threads or usable_cores(), spec.batch_size)
    rival = family(RIVAL)
    assert isinstance(rival, ConvertedFamily)  # noqa: S101 - it is one of ours
    auto = (spec.engine, spec.precision, choice.engine, choice.device) == ("auto", "auto", _FIRST, "cpu")
    if request is None or not auto or not rival.available() or is_graph(request.name) or is_native("bf16"):
        return bundle, tuning_of(running)
    tuning = tuning_of(replace(running, rival=RIVAL), partial(prepared, request, rival))
    faster = tuning is not None and tuning.engine == RIVAL
    return prepared(request, rival) if faster else bundle, tuning


def measured(model: ModelRequest | Bundle) -> Tuning | None:
    """What was measured here of a model, where all is left to eyeful; None where nothing was.

    Raises:
        EyefulError: the model is not known, or its bundle is damaged.
    """
    first = family(_FIRST)
    assert isinstance(first, ConvertedFamily)  # noqa: S101 - it is one of ours
    bundle = prepared_already(model, first) if isinstance(model, ModelRequest) else model
    if bundle is None:
        return None
    running = Running(bundle, "cpu", None, usable_cores())
    compared = recorded_tuning(replace(running, rival=RIVAL)) if isinstance(model, ModelRequest) else None
    return compared or recorded_tuning(running)
