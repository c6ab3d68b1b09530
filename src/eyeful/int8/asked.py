"""What runs where int8 is asked for: an int8 network that was judged and pays, or what runs otherwise."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eyeful.bundle import Bundle, is_bundle, read_bundle, refuse_to_change
from eyeful.classifier import open_classifier
from eyeful.engines.openvino import FAMILY
from eyeful.engines.tune import LEAST_GAIN
from eyeful.errors import UsageError
from eyeful.int8.cached import int8_of, latest_int8_of, speeds_of
from eyeful.int8.made import FEWEST
from eyeful.int8.sample import Sample
from eyeful.predictor import request_of
from eyeful.prepare import prepared
from eyeful.sources import Source
from eyeful.wording import counted_images

if TYPE_CHECKING:
    from eyeful.classifier import Classifier
    from eyeful.predictor import PredictorSpec

log = logging.getLogger("eyeful")


def in_int8(spec: PredictorSpec, images: Any = None, *, isolated: bool = False) -> PredictorSpec:
    """Settle what a spec that asks for int8 runs; any other comes back as it is.

    Half of up to 128 of the images calibrate an int8 network, the others judge it, and its forward pass is timed
    beside what would run otherwise: `auto`. Where it gives another label than fp32 on more than 5% of the held-out
    images, or is not 10% faster, or there are fewer than 20 images, the spec of `auto` comes back, and one line
    says why. All of it is cached, by model, images and CPU.

    Args:
        spec: what is asked for.
        images: images like those to come, as `open_source` takes them, or what `sample_of` gave. None, or fewer
            than 20: the int8 network of the model that was made last, if there is one.
        isolated: try each image in another process first, since one may have crashed this one before.

    Returns:
        a spec of the int8 network's bundle in the cache, or of the model in `auto`; `int8` says what was found.

    Raises:
        UsageError: the engine or device is another's; there are no images, and no int8 network is cached; or none
            of those that are named can be opened. (Of what `sample_of` gave, the run's own rows will say so.)
        ModelError, EngineError: the model cannot be had or run.
        MissingExtraError: NNCF is not installed.
    """
    if spec.precision != "int8" or spec.pinned is not None or _is_int8(spec.model):
        return spec
    if spec.engine not in ("auto", FAMILY.name) or spec.device not in ("auto", "cpu"):
        asked = f"--device {spec.device}" if spec.device not in ("auto", "cpu") else f"--engine {spec.engine}"
        raise UsageError(f"int8 runs in {FAMILY.name} on the CPU: leave {asked} out, or --precision int8")
    spec = spec.with_absolute_paths()  # as opening it does: a file is prepared under its name
    fp32 = _in_fp32(spec)
    otherwise = replace(spec, precision="auto")
    with open_classifier(otherwise) as other:
        sample = Sample((), "") if images is None else Sample.of(other, images, isolated=isolated)
        if not sample.images and images is not None and not isinstance(images, Source):
            raise UsageError(f"no image to calibrate int8 with can be opened: {sample.error or 'none is named'}")
        if len(sample.images) >= FEWEST:
            bundle, new = int8_of(fp32, spec, sample)
        else:
            found = latest_int8_of(fp32)
            if found is None and images is None:
                raise UsageError(
                    f"no int8 network of {other.model} is cached: make one with images, --calibrate PHOTOS "
                    "(in Python calibrate=) or `eyeful predict PHOTOS --precision int8`"
                )
            if found is None:
                number = len(sample.images)
                few = (
                    f"{counted_images(number)} {'is' if number == 1 else 'are'} too few to calibrate int8 with "
                    f"(at least {FEWEST})"
                )
                return _without(otherwise, other, few, {})
            bundle, new = found, False
        return _settled(spec, otherwise, other, bundle, new=new)


def _settled(
    spec: PredictorSpec, otherwise: PredictorSpec, other: Classifier, bundle: Bundle, *, new: bool
) -> PredictorSpec:
    """The spec of a bundle that was judged, if it holds a network, and one that pays."""
    found = dict(bundle.manifest.quantization or {})
    if refused := found.pop("refused", None):
        return _without(otherwise, other, refused, found)
    own: dict[str, Any] = dict.fromkeys(("checkpoint", "img_size", "mean", "std"))
    if not is_bundle(Path(spec.model)):
        own["labels"] = None  # they are in the bundle; those for a user's bundle are not
    own |= {"model": str(bundle.folder), "engine": FAMILY.name, "device": "cpu"}
    quantised = replace(spec, **own)
    fast, usual = speeds_of(bundle, quantised, other)
    found |= {"speed": round(fast / usual, 2), "beside": f"{other.engine} in {other.precision}"}
    if fast < LEAST_GAIN * usual:
        slow = f"int8 is {fast / usual:.2f} times as fast here, less than {LEAST_GAIN}"
        return _without(otherwise, other, slow, found)
    log.info(
        "%s runs in int8: fp32's label on %s of %d held-out images, %.2f times as fast as %s (%s)",
        other.model,
        f"{found['agreement']:.1%}",
        found["held_out"],
        fast / usual,
        other.precision,
        f"{'made now, in' if new else 'from'} {bundle.folder}",
    )
    return replace(quantised, int8={name: found[name] for name in ("speed", "beside")})


def _without(otherwise: PredictorSpec, other: Classifier, why: str, found: dict[str, Any]) -> PredictorSpec:
    log.warning("%s runs in %s, not in int8: %s", other.model, other.precision, why)
    return replace(otherwise, int8=found | {"refused": why})


def _is_int8(model: str) -> bool:
    return is_bundle(Path(model)) and read_bundle(Path(model)).manifest.precision == "int8"


def _in_fp32(spec: PredictorSpec) -> Bundle:
    """The model's bundle for OpenVINO, which int8 is made of.

    Raises:
        UsageError: it is a bundle for another engine.
        ModelError: it cannot be had.
    """
    folder = Path(spec.model)
    if not is_bundle(folder):
        return prepared(request_of(spec), FAMILY)
    refuse_to_change(folder, spec.overrides, spec.checkpoint)
    bundle = read_bundle(folder)
    if bundle.manifest.engine != FAMILY.name:
        raise UsageError(
            f"the bundle {folder} is for the engine {bundle.manifest.engine}, and int8 is made of one for "
            f"{FAMILY.name}"
        )
    return bundle
