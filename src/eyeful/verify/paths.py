"""The paths that are compared with the reference: the fast one, and each of its shortcuts alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eyeful.bundle import refuse_to_change
from eyeful.classifier import Classifier
from eyeful.errors import UsageError
from eyeful.loading import load
from eyeful.predictor import origin
from eyeful.preprocessing import InputOverrides
from eyeful.results.agreement import Agreement, compare
from eyeful.sources import no_inputs, open_source
from eyeful.types import Item, Prediction


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` found.

    Attributes:
        path: the fast path that was asked for ("openvino bf16 on cpu").
        fast: its agreement with the reference.
        causes: the agreement of each deviation alone: decoder, resize, colour profile, precision.
    """

    path: str
    fast: Agreement
    causes: dict[str, Agreement]


_CROP = ("crop_mode", "crop_pct", "interpolation")
_SHORTCUTS = {
    "decoder": {"full_decode": False},
    "resize": {"two_step_resize": False},
    "colour profile": {"ignore_profile": False},
}
"""What the fast path does otherwise than the reference, each by its option."""


def verify(
    model: str,
    images: Any,
    *,
    device: str = "auto",
    engine: str = "auto",
    precision: str = "auto",
    topk: int = 5,
    on_stage: Callable[[str], object] = lambda _: None,
    **options: Any,
) -> Verification:
    """Run the reference (torch, fp32, full decode, two-step resize) and the fast path on the same images.

    Args:
        model: as for `eyeful.load`. The reference of a bundle is the model that it was made of.
        images: what to classify.
        device: of the fast path, as for `eyeful.load`, and so the next two.
        engine: of the fast path: auto, or the name of an engine.
        precision: auto, fp32, bf16 or fp16.
        topk: k of the top-k agreement.
        on_stage: told what is being done.
        **options: what else `eyeful.load` takes (labels, crop_mode ...), for both paths; a bundle's checkpoint is
            the one that it was made of.

    Raises:
        UsageError: there are no images, or the bundle was made of other weights, or has a preprocessing that the
            reference cannot have.
        MissingExtraError: torch, the reference, is not installed.
    """
    source = open_source(images)
    items = list(source.items)
    if not items:
        raise no_inputs(source.ignored, images)
    made_of = origin(model, options.get("checkpoint"), **{name: options.get(name) for name in _CROP})
    fast_options = options
    if made_of is not None:
        refuse_to_change(model, InputOverrides.of(*map(options.get, ("img_size", "mean", "std"))))
        fast_options = {name: value for name, value in options.items() if name != "checkpoint"}
        options = made_of | {name: value for name, value in options.items() if value is not None}
    with (
        load(**({"model": model} | options), exact=True, device="cpu", topk=topk, calibration="none") as reference,
        load(
            model,
            device=device,
            engine=engine,
            precision=precision,
            topk=topk,
            calibration="none",  # the networks are compared, before what is promised of one
            **fast_options,
        ) as fast,
    ):
        _refuse_unlike(reference, fast, model)
        on_stage("the reference: torch fp32, full decode")
        expected = _answers(reference, items)
        causes = {}
        for cause, change in _SHORTCUTS.items():
            on_stage(f"{cause} alone")
            causes[cause] = compare(expected, _answers(reference.with_options(**change), items), topk)
        path = f"{fast.engine} {fast.precision} on {fast.device}"
        exact_pixels = fast.with_options(full_decode=True, two_step_resize=True, ignore_profile=True)
        on_stage(f"engine and precision alone: {path}")
        causes["engine and precision"] = compare(expected, _answers(exact_pixels, items), topk)
        on_stage(f"{path}, fast images")
        found = compare(expected, _answers(fast, items), topk)
    if not found.images:
        raise UsageError(f"none of the {len(items)} images to verify with can be opened")
    return Verification(path, found, causes)


def _refuse_unlike(reference: Classifier, fast: Classifier, model: str) -> None:
    """See that two classifiers differ in nothing but what is compared.

    Raises:
        UsageError: they do.
    """
    if fast.provenance["weights"]["sha256"] != reference.provenance["weights"]["sha256"]:
        raise UsageError(f"{model} was made of other weights than {reference.model}: --checkpoint FILE names them")
    if fast.preprocessing != reference.preprocessing:
        raise UsageError(
            f"{model} prepares images otherwise than {reference.model} can be made to ({fast.preprocessing}, not "
            f"{reference.preprocessing}): export it for torch, which is its own reference"
        )


def _answers(classifier: Classifier, items: list[Item]) -> list[Prediction]:
    return list(classifier.stream(items))
