"""An int8 network is made on some of the user's images and judged on the others, before it runs."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eyeful.bundle import Bundle, write_bundle
from eyeful.classifier import open_classifier
from eyeful.engines.openvino import FAMILY, GRAPH
from eyeful.errors import ModelError, UsageError
from eyeful.models import ModelRequest
from eyeful.predictor import PredictorSpec
from eyeful.prepare import prepared, refuse_to_replace, with_calibration
from eyeful.results.agreement import Agreement, compare

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from eyeful.predictor import PreprocessedImage
    from eyeful.results import Calibration
    from eyeful.types import Activation, Item, Prediction

FEWEST = 20
"""Images, of both kinds together."""
MIN_AGREEMENT = 0.95
_MOST_CALIBRATING = 300
_BATCH = 10
_WEIGHTS = Path(GRAPH).with_suffix(".bin").name
"""The file that is the same for the same images; the graph itself has counters in it."""


def export_int8(
    request: ModelRequest | Bundle,
    folder: Path,
    images: Any,
    *,
    min_agreement: float = MIN_AGREEMENT,
    activation: Activation | None = None,
    calibration: Calibration | None = None,
) -> tuple[Bundle, Agreement]:
    """Write a model's int8 bundle for OpenVINO, if it still agrees with fp32.

    Every second image calibrates (up to 300); the others, which the calibration has not seen, judge.

    Args:
        request: which model; or a bundle for OpenVINO, in fp32.
        folder: where to; must not exist, or be a bundle, which is replaced.
        images: images like those that will be classified, 20 at least.
        min_agreement: the least share of held-out images with the same best label, 0 to 1.
        activation: what makes probabilities of its logits; the model's own when None.
        calibration: what is promised of the int8 network's answers.

    Returns:
        the bundle, and its agreement with fp32 on the held-out images.

    Raises:
        UsageError: too few images, or the folder holds something else.
        ModelError: the model cannot be had or quantised, or int8 agrees too rarely; nothing is written then.
        MissingExtraError: NNCF is not installed.
    """
    refuse_to_replace(folder)
    fp32 = prepared(request, FAMILY) if isinstance(request, ModelRequest) else request
    if fp32.manifest.engine != FAMILY.name or fp32.manifest.precision == "int8":
        raise UsageError(f"int8 is made of a bundle for {FAMILY.name} in fp32, which {fp32.folder} is not")
    spec = PredictorSpec(activation=activation)
    with open_classifier(spec_for(spec, fp32, "fp32")) as reference:
        pixels, held_out = split(reference.preprocessed(images))
    if len(pixels) + len(held_out) < FEWEST:
        raise UsageError(
            f"{len(pixels) + len(held_out)} images are too few to make int8 with; give at least {FEWEST}"
        )
    with tempfile.TemporaryDirectory() as temporary:
        candidate, agreement = quantise_and_judge(fp32, spec, pixels, held_out, Path(temporary) / "int8")
        if fault := why_not(agreement, min_agreement):
            raise ModelError(f"int8 {fp32.manifest.title} {fault} (--min-agreement): not written")
        manifest = with_calibration(candidate.manifest.with_activation(activation), calibration)
        return write_bundle(folder, manifest, candidate.copy_files), agreement


def split(images: Iterable[PreprocessedImage]) -> tuple[list[NDArray[np.uint8]], list[Item]]:
    """What calibrates, each pixels_HWC, at most 300, and what judges: every second image; no errors."""
    pixels: list[NDArray[np.uint8]] = []
    held_out: list[Item] = []
    for row in images:
        if row.pixels_HWC is not None and len(pixels) <= min(len(held_out), _MOST_CALIBRATING - 1):
            pixels.append(row.pixels_HWC)
        elif row.pixels_HWC is not None:
            held_out.append(row.item)
    return pixels, held_out


def quantise_and_judge(
    fp32: Bundle, spec: PredictorSpec, pixels: list[NDArray[np.uint8]], held_out: list[Item], folder: Path
) -> tuple[Bundle, Agreement]:
    """Write the int8 bundle of a bundle, and compare it with fp32.

    Args:
        fp32: for OpenVINO.
        spec: how images are opened.
        pixels: what calibrates, each pixels_HWC.
        held_out: what judges.
        folder: where the bundle goes.

    Returns:
        the bundle, whose manifest says how it was made and judged, and the agreement.

    Raises:
        ModelError: NNCF cannot quantise this network.
        MissingExtraError: NNCF is not installed.
    """
    from eyeful.prepare.int8 import quantise

    batches = [np.stack(pixels[place : place + _BATCH]) for place in range(0, len(pixels), _BATCH)]
    made = quantise(fp32, batches, folder)
    answers: list[list[Prediction]] = []
    for bundle, precision in ((fp32, "fp32"), (made, "int8")):
        with open_classifier(spec_for(spec, bundle, precision)) as classifier:
            answers.append(list(classifier.stream(held_out)))
    agreement = compare(answers[0], answers[1])
    found = {
        "held_out": agreement.images,
        "agreement": round(agreement.top1, 4),
        "network_sha256": made.manifest.files[_WEIGHTS],
    }
    manifest = replace(made.manifest, quantization=(made.manifest.quantization or {}) | found)
    return replace(made, manifest=manifest), agreement


def spec_for(spec: PredictorSpec, bundle: Bundle, precision: str) -> PredictorSpec:
    """The spec that opens images as another does and runs a bundle on the CPU; without promises or groups."""
    of_run: dict[str, Any] = dict.fromkeys(("checkpoint", "labels", "img_size", "mean", "std", "sure"))
    of_run |= {"model": str(bundle.folder), "engine": FAMILY.name, "device": "cpu", "precision": precision}
    return replace(spec, **of_run, calibration={}, torchcompile=False, autotune=False)


def why_not(agreement: Agreement, least: float) -> str | None:
    """What keeps an int8 network from being as good as fp32, if anything: half a sentence."""
    if agreement.images and agreement.top1 >= least:
        return None
    return (
        f"gives the label of fp32 on {agreement.top1:.1%} of {agreement.images} held-out images, "
        f"less than {least:.4g}"
    )
