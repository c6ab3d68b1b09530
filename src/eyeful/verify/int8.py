"""An int8 bundle is made on some of the user's images and judged on the others, before it stays."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eyeful.bundle import Bundle, write_bundle
from eyeful.engines.openvino import FAMILY
from eyeful.errors import ModelError, UsageError
from eyeful.loading import load
from eyeful.models import ModelRequest
from eyeful.prepare import prepared, refuse_to_replace, with_calibration
from eyeful.results import Calibration
from eyeful.types import Activation, Item
from eyeful.verify.agreement import Agreement, compare

_FEWEST = 20
_MOST_CALIBRATING = 300
_BATCH = 10


def export_int8(
    request: ModelRequest | Bundle,
    folder: Path,
    images: Any,
    *,
    min_agreement: float = 0.95,
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
    from eyeful.prepare.int8 import quantise

    refuse_to_replace(folder)
    fp32 = prepared(request, FAMILY) if isinstance(request, ModelRequest) else request
    if fp32.manifest.engine != FAMILY.name or fp32.manifest.precision == "int8":
        raise UsageError(f"int8 is made of a bundle for {FAMILY.name} in fp32, which {fp32.folder} is not")
    with load(fp32.folder, precision="fp32", device="cpu", activation=activation, autotune=False) as reference:
        pixels: list[NDArray[np.uint8]] = []
        held_out: list[Item] = []
        for row in reference.preprocessed(images):
            if row.pixels_HWC is not None and len(pixels) <= min(len(held_out), _MOST_CALIBRATING - 1):
                pixels.append(row.pixels_HWC)
            elif row.pixels_HWC is not None:
                held_out.append(row.item)
        if len(pixels) + len(held_out) < _FEWEST:
            raise UsageError(
                f"{len(pixels) + len(held_out)} images are too few to make int8 with; give at least {_FEWEST}"
            )
        batches = [np.stack(pixels[place : place + _BATCH]) for place in range(0, len(pixels), _BATCH)]
        expected = list(reference.stream(held_out))
    with tempfile.TemporaryDirectory() as temporary:
        candidate = quantise(fp32, batches, Path(temporary) / "int8")
        with load(candidate.folder, device="cpu", activation=activation, autotune=False) as classifier:
            agreement = compare(expected, list(classifier.stream(held_out)))
        if agreement.top1 < min_agreement:
            raise ModelError(
                f"int8 {fp32.manifest.title} gives the label of fp32 on {agreement.top1:.1%} of "
                f"{agreement.images} held-out images, less than --min-agreement {min_agreement:g}: not written"
            )
        found = {"held_out": agreement.images, "agreement": round(agreement.top1, 4)}
        manifest = replace(candidate.manifest, quantization=(candidate.manifest.quantization or {}) | found)
        manifest = with_calibration(manifest.with_activation(activation), calibration)
        return write_bundle(folder, manifest, candidate.copy_files), agreement
