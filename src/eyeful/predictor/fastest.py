"""What `auto` means on this machine: engines and settings as measured, where they may be."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from eyeful.cpu import usable_cores
from eyeful.engines import ConvertedFamily, family
from eyeful.engines.tuning import (
    Running,
    faster_of,
    is_on,
    recorded_comparison,
    recorded_tuning,
    tuning_of,
)
from eyeful.models import ModelRequest
from eyeful.models.local import is_graph
from eyeful.prepare import prepared, prepared_already

if TYPE_CHECKING:
    from eyeful.bundle import Bundle
    from eyeful.engines import Choice
    from eyeful.engines.tuning_record import Tuning
    from eyeful.predictor.spec import PredictorSpec

log = logging.getLogger("eyeful")

_FIRST = "openvino"
"""The engine that `auto` means on a CPU, unless another is faster."""
RIVAL = "onnxruntime"
"""The engine that is tried beside OpenVINO."""


def running(bundle: Bundle, choice: Choice, spec: PredictorSpec) -> Running:
    """How a spec runs a bundle."""
    return Running(bundle, choice.device, choice.precision, spec.threads or usable_cores(), spec.batch_size)


def tuning_for(bundle: Bundle, choice: Choice, spec: PredictorSpec) -> Tuning | None:
    """The settings for a bundle; None: the engine's own."""
    return tuning_of(running(bundle, choice, spec)) if spec.autotune and is_on() else None


def faster_bundle(request: ModelRequest, bundle: Bundle, choice: Choice, spec: PredictorSpec) -> Bundle:
    """The bundle of the engine that runs a model faster, where that is left to eyeful.

    OpenVINO computes in bf16 where the CPU does so natively, twice as fast as any engine in fp32. Where it does
    not, ONNX Runtime is tried too, if it is installed. A precision that is asked for stays with OpenVINO.

    Args:
        request: which model.
        bundle: for OpenVINO.
        choice: the device and the precision.
        spec: what was asked for.
    """
    rival = family(RIVAL)
    assert isinstance(rival, ConvertedFamily)  # noqa: S101 - it is one of ours
    if spec.precision != "auto" or not rival.available() or is_graph(request.name):
        return bundle
    own = tuning_for(bundle, choice, spec)
    if own is None or own.precision != "fp32":
        return bundle

    def prepare_rival() -> Running:
        log.info("trying %s too, for which %s is converted once more", RIVAL, bundle.manifest.title)
        return running(prepared(request, rival), choice, spec)

    found = faster_of(running(bundle, choice, spec), RIVAL, prepare_rival)
    return prepared(request, rival) if found is not None and found.engine == RIVAL else bundle


def measured(model: ModelRequest | Bundle) -> Tuning | None:
    """What was measured here of a model, where all is left to eyeful; None where nothing was.

    Raises:
        EyefulError: the model is not known, or its bundle is damaged.
    """
    bundle = _prepared_bundle(model) if isinstance(model, ModelRequest) else model
    if bundle is None:
        return None
    asked = Running(bundle, "cpu", None, usable_cores())
    compared = recorded_comparison(asked, RIVAL) if isinstance(model, ModelRequest) else None
    return compared if compared is not None and compared.engine == RIVAL else recorded_tuning(asked)


def _prepared_bundle(request: ModelRequest) -> Bundle | None:
    first = family(_FIRST)
    assert isinstance(first, ConvertedFamily)  # noqa: S101 - it is one of ours
    return prepared_already(request, first)
