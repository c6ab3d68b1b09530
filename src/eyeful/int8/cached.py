"""The int8 networks of a model in the cache, and what was found of them; one process makes each."""

from __future__ import annotations

import json
import logging
import tempfile
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eyeful.bundle import MANIFEST, Bundle, read_bundle, single_flight, write_bundle
from eyeful.bundle.files import recorded
from eyeful.cache import cache_folder, cache_name, digest_of
from eyeful.classifier import open_classifier
from eyeful.cpu import processor
from eyeful.engines.measure import ROUNDS, Measured, Meter
from eyeful.errors import BundleError, ModelError
from eyeful.extras import version_of
from eyeful.int8.made import MIN_AGREEMENT, quantise_and_judge, split, why_not
from eyeful.openvino_import import import_nncf

if TYPE_CHECKING:
    from eyeful.classifier import Classifier
    from eyeful.int8.sample import Sample
    from eyeful.predictor import PredictorSpec

log = logging.getLogger("eyeful")
_REVISION = 1
"""Raised whenever the same images make another int8 network of the same model."""
_REFUSED = "refused.json"
"""In place of a graph, where int8 does not answer as fp32 does."""


def int8_of(fp32: Bundle, spec: PredictorSpec, sample: Sample) -> tuple[Bundle, bool]:
    """The int8 bundle of a model for a sample, from the cache or made now; whether it was made now.

    Its manifest's `quantization` says how it was judged. Where it has `refused`, the bundle holds no network.

    Args:
        fp32: the model, for OpenVINO.
        spec: how images are opened.
        sample: what calibrates and judges.

    Raises:
        MissingExtraError: it is not made yet, and NNCF is not installed.
    """
    tools = [_REVISION, *(version_of(name) for name in ("nncf", "openvino"))]
    made = []

    def make(folder: Path) -> Bundle:
        made.append(folder)
        return _make(fp32, spec, sample, folder)

    folder = _folder(fp32)
    bundle = single_flight(folder.with_name(f"{folder.name}-{digest_of([sample.digest, *tools])}"), make)
    return bundle, bool(made)


def latest_int8_of(fp32: Bundle) -> Bundle | None:
    """The int8 network of a model that was made last; None without one."""
    found: list[tuple[int, Path]] = []
    folder = _folder(fp32)
    for place in folder.parent.glob(f"{folder.name}-*"):
        with suppress(OSError):  # cleared at this moment
            found.append(((place / MANIFEST).stat().st_mtime_ns, place))
    for _, place in sorted(found, reverse=True):
        with suppress(BundleError):
            bundle = read_bundle(place)
            if "refused" not in (bundle.manifest.quantization or {}):
                return bundle
    return None


def speeds_of(bundle: Bundle, spec: PredictorSpec, other: Classifier) -> tuple[float, float]:
    """Images per second of an int8 network's forward pass and of another's, on this CPU; measured once.

    Each is measured alone, in the batches that suit it.

    Args:
        bundle: the int8 network's, in the cache, where what was found is cached too.
        spec: runs it.
        other: what would run otherwise.

    Raises:
        EngineError: one of them fails.
    """
    facts = [processor(), other.engine, other.device, other.precision, version_of("openvino")]
    file = bundle.folder / f"speed-{digest_of(facts)}.json"
    measure = partial(_measured, spec, other)
    try:
        return recorded(file, _speeds, measure)
    except OSError:  # nothing can be written there
        return _speeds(measure())


def _measured(spec: PredictorSpec, other: Classifier) -> list[float]:
    with open_classifier(spec) as int8, closing(Meter()) as meter:
        size = int8.preprocessing.size
        both = [
            Measured(one.predictor.engine, np.zeros((one.batch_size, *size, 3), np.uint8)) for one in (int8, other)
        ]
        for one in both:
            meter.warm_up(one)
        for _ in range(ROUNDS):
            for one in both:
                meter.turn(one)
        return [one.rate for one in both]


def _speeds(values: Any) -> tuple[float, float]:
    ours, others = map(float, values)
    if not (min(ours, others) > 0 and isfinite(ours + others)):
        raise ValueError(f"not speeds: {values}")
    return ours, others


def _make(fp32: Bundle, spec: PredictorSpec, sample: Sample, folder: Path) -> Bundle:
    import_nncf()
    pixels, held_out = split(sample.images)
    log.info(
        "calibrating %s in int8 on %d images, judging it on %d others; it is cached for the next run",
        fp32.manifest.title,
        len(pixels),
        len(held_out),
    )
    with tempfile.TemporaryDirectory() as temporary:
        try:
            made, agreement = quantise_and_judge(fp32, spec, pixels, held_out, Path(temporary) / "int8")
        except ModelError as error:
            return _write_refused(folder, fp32, {"images": len(pixels), "refused": str(error)})
        quantization = made.manifest.quantization or {}
        if fault := why_not(agreement, MIN_AGREEMENT):
            return _write_refused(folder, fp32, quantization | {"refused": f"int8 {fault}"})
        return write_bundle(folder, made.manifest, made.copy_files)


def _write_refused(folder: Path, fp32: Bundle, found: dict[str, object]) -> Bundle:
    manifest = replace(fp32.manifest, precision="int8", quantization=found)

    def write(place: Path) -> None:
        (place / _REFUSED).write_text(json.dumps(found), encoding="utf-8", newline="\n")

    return write_bundle(folder, manifest, write)


def _folder(fp32: Bundle) -> Path:
    """How the folders of a model's int8 networks begin: by what its manifest says."""
    return cache_folder() / "int8" / cache_name(fp32.manifest.model, fp32.manifest.as_dict())
