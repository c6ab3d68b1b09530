"""`eyeful.load`: a model's name → a classifier that is ready."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from eyeful.classifier import Classifier, open_classifier
from eyeful.errors import UsageError
from eyeful.images import DEFAULT_MAX_PIXELS
from eyeful.models import DEFAULT_MODEL
from eyeful.predictor import PredictorSpec
from eyeful.preprocessing import InputOverrides
from eyeful.results import Calibration, read_calibration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from eyeful.preprocessing import CropMode, Interpolation
    from eyeful.types import Activation


def load(
    name: str | Path | None = None,
    *,
    model: str | Path | None = None,
    checkpoint: str | Path | None = None,
    labels: str | Path | None = None,
    device: str = "auto",
    engine: str = "auto",
    precision: str = "auto",
    exact: bool = False,
    crop_mode: CropMode | None = None,
    img_size: int | str | Sequence[int] | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    crop_pct: float | None = None,
    interpolation: Interpolation | None = None,
    activation: Activation | None = None,
    topk: int = 5,
    min_prob: float = 0.0,
    sure: float | None = None,
    calibration: str | Path | Calibration | None = None,
    batch_size: int = 0,
    workers: int = 0,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    torchcompile: bool = False,
    calibrate: Any = None,
    autotune: bool = True,
) -> Classifier:
    """Load a classifier; its weights are fetched and prepared at first use.

    Args:
        name: "resnet18", "timm/convnext_tiny.fb_in1k", "hf-hub:org/name", a folder or file; None: the default.
        model: another word for `name`.
        checkpoint: a local .pth, .pt or .safetensors file with weights for that architecture.
        labels: a label file in place of the model's own labels, or for the checkpoint: a name a line, CSV, JSON.
        device: auto, cpu, cuda, cuda:N or mps.
        engine: auto, torch, openvino, onnxruntime, or a plug-in's.
        precision: auto, fp32, bf16, fp16, or int8: made, judged, measured and cached; auto where it is not good.
        exact: reference arithmetic: torch in fp32, full decode, TorchVision's or timm's own resize and crop.
        crop_mode: center, squash or border; the weights' own when None. So for the next five.
        img_size: side of the network's input in pixels, (height, width), or "HxW".
        mean: per channel, for pixel values from 0 to 1, as the weights were trained with.
        std: standard deviation, the same.
        crop_pct: side of the crop over side of the resized image, 0.01 to 1.
        interpolation: nearest, bilinear, bicubic, lanczos, box or hamming.
        activation: softmax, sigmoid (each label by itself) or none (the network ends in either); None: its own.
        topk: labels in each answer.
        min_prob: below it an answer is marked as abstained; 0 to 1.
        sure: the share of the probability, 0.5 to 1, that a WordNet group must hold to be the answer; or None.
        calibration: a file of `eyeful calibrate`, or what `eyeful.calibrate` gave; "none": no bundle's own.
        batch_size: images in one forward pass; 0: what suits the engine.
        workers: decode threads; 0: one for each core that this process may use.
        max_pixels: the largest image that is opened.
        torchcompile: with the engine torch, compile the network with `torch.compile` at the first batch.
        calibrate: images that int8 is made with, as `predict` takes them; None: what was made last of this model.
        autotune: measure once which settings suit this machine; EYEFUL_AUTOTUNE=0 turns it off everywhere.

    Raises:
        UsageError, ModelError, EngineError: arguments are wrong, or the model cannot be had or run as asked.
        MissingExtraError: something must be installed first; the text says how.
    """
    spec = spec_of(
        name,
        model=model,
        checkpoint=checkpoint,
        labels=labels,
        exact=exact,
        img_size=img_size,
        mean=mean,
        std=std,
        device=device,
        engine=engine,
        precision=precision,
        torchcompile=torchcompile,
        autotune=autotune,
        crop_mode=crop_mode,
        crop_pct=crop_pct,
        interpolation=interpolation,
        activation=activation,
        topk=topk,
        min_prob=min_prob,
        sure=sure,
        calibration=calibration,
        max_pixels=max_pixels,
        batch_size=batch_size,
        workers=workers,
    )
    return open_classifier(settled(spec, calibrate))


def settled(spec: PredictorSpec, calibrate: Any = None, *, isolated: bool = False) -> PredictorSpec:
    """The spec of what runs: another than what is asked for where that is int8, which is made first; see `load`.

    Raises:
        UsageError: images to calibrate with are given, and int8 is not asked for.
        UsageError, ModelError, EngineError, MissingExtraError: as `int8.in_int8`.
    """
    if spec.precision == "int8":
        from eyeful.int8 import in_int8

        return in_int8(spec, calibrate, isolated=isolated)
    if calibrate is not None:
        raise UsageError("--calibrate (in Python calibrate=) is for --precision int8")
    return spec


def spec_of(
    name: str | Path | None = None,
    *,
    model: str | Path | None = None,
    checkpoint: str | Path | None = None,
    labels: str | Path | None = None,
    exact: bool = False,
    img_size: int | str | Sequence[int] | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    calibration: str | Path | Calibration | None = None,
    **options: Any,
) -> PredictorSpec:
    """What `load` with these arguments asks for; nothing is opened.

    Raises:
        UsageError: an argument is outside its range, or two contradict each other.
    """
    if name is not None and model is not None:
        raise UsageError("name and model are two words for one thing; pass one of them")
    for word, file in (("checkpoint", checkpoint), ("labels", labels)):
        if not isinstance(file, str | os.PathLike | None):
            raise UsageError(f"{word} is the name of a file, not a {type(file).__name__}")
    spec = PredictorSpec(
        model=os.fspath(next((one for one in (name, model) if one is not None), DEFAULT_MODEL)),
        checkpoint=os.fspath(checkpoint) if checkpoint else None,
        labels=os.fspath(labels) if labels else None,
        **asdict(InputOverrides.of(img_size, mean, std)),
        calibration=_calibration(calibration),
        **options,
    )
    return spec.exact() if exact else spec


def _calibration(asked: str | Path | Calibration | None) -> dict[str, Any] | None:
    """What a spec holds of a calibration: a file's content; {} for "none"."""
    if asked is None:
        return None
    if isinstance(asked, Calibration):
        return asked.to_dict()
    if not isinstance(asked, str | os.PathLike):
        raise UsageError(f"calibration is the name of a file, not a {type(asked).__name__}")
    if os.fspath(asked) == "none":  # a flag's value is a path
        return {}
    return read_calibration(asked).to_dict()
