"""What a predictor is: every value that decides its answers, and how it works, as one frozen dataclass."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, replace
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Self, get_args

from eyeful.bundle import is_bundle
from eyeful.errors import UsageError
from eyeful.images import DEFAULT_MAX_PIXELS, MAX_ASPECT, Limits
from eyeful.models import DEFAULT_MODEL
from eyeful.models.local import is_local
from eyeful.preprocessing import Channels, CropMode, InputOverrides, Interpolation, Preprocessing
from eyeful.results import Calibration
from eyeful.types import Activation, Size

_RANGES: dict[str, tuple[type, float, float]] = {
    "topk": (int, 1, math.inf),
    "min_prob": (float, 0, 1),
    "sure": (float, 0.5, 1),
    "batch_size": (int, 0, 1024),
    "workers": (int, 0, 256),
    "threads": (int, 0, 1024),
    "max_pixels": (int, 1, math.inf),
    "max_aspect": (float, 1, math.inf),
}
"""Field → its type, its least and its largest value."""
_ASKED = (
    *("model", "checkpoint", "labels", "engine", "precision", "activation"),
    *("img_size", "mean", "std", "crop_mode", "crop_pct", "interpolation"),
)
"""What a spec asks for, and of which a pinned one knows what came of it."""
_TEXTS = ("model", "device", "engine", "precision")


def _is_number(value: Any, kind: type) -> bool:
    return isinstance(value, Integral if kind is int else Real)


def check_range(name: str, value: Any) -> int | float:
    """A value that a number of a spec may have, as a Python number.

    Raises:
        UsageError: it is of another type, or outside its range.
    """
    kind, least, most = _RANGES[name]
    if isinstance(value, bool) or not _is_number(value, kind):
        raise UsageError(f"{name} {value!r} is not a {'whole number' if kind is int else 'number'}")
    if not least <= float(value) <= most:  # so put, NaN is outside
        between = f"at least {least}" if most == math.inf else f"between {least} and {most}"
        raise UsageError(f"{name} {value} is not {between}")
    return int(value) if kind is int else float(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictorSpec:
    """A request for a predictor, or, with `pinned`, one that was opened. Picklable; plain JSON values.

    Attributes:
        model: the name of a model, a bundle's or a timm model's folder, or an ONNX or OpenVINO file.
        checkpoint: a file with local weights for that architecture.
        labels: a file with the labels, in place of the model's own or for the checkpoint.
        device: auto, cpu, cuda, cuda:N or mps.
        engine: auto, or the name of an engine.
        precision: auto, fp32, bf16, fp16, or int8 of an int8 bundle (`int8.in_int8` makes one of a model).
        torchcompile: with the engine torch, compile the network at the first batch.
        crop_mode: center, squash or border; the weights' own when None, and so for the next five.
        img_size: (height, width) of the network's input in pixels.
        mean: per channel, for pixel values from 0 to 1, as the weights were trained with.
        std: standard deviation, the same.
        crop_pct: side of the crop over side of the resized image, 0.01 to 1.
        interpolation: nearest, bilinear, bicubic, lanczos, box or hamming.
        full_decode: decode every pixel of a JPEG, not a reduced scale of it.
        two_step_resize: resize, then crop, to the bit as TorchVision and timm; else both in one step, which
            differs by a level in some places.
        ignore_profile: take an image's values for sRGB, whatever its colour profile says; else convert them.
        activation: what makes probabilities of the logits: softmax, sigmoid (each label by itself), or none (the
            network ends in either); the model's own when None.
        topk: labels in each answer; clamped to the number of classes.
        min_prob: below it an answer is marked as abstained; 0 to 1.
        sure: the share of the probability, 0.5 to 1, that the labels of a WordNet group must hold to be the
            answer; None: no groups.
        calibration: what `eyeful calibrate` found, as its file holds it; a bundle's own when None; {}: none.
        max_pixels: the largest image that is opened.
        max_aspect: the most that the longer side may be of the shorter.
        batch_size: images in one forward pass; 0: what suits the engine.
        workers: decode threads; 0: one for each core that this process may use.
        threads: threads of the engine; 0: one for each core that this process may use.
        autotune: measure once on this machine which engine and settings suit the model, where they are left to
            eyeful; else each engine's own choice.
        int8: what was found where int8 was asked for: how fast it is, and why it does not run, where it does not;
            told in the provenance, decides no answer.
        pinned: what opening it found: engine, precision, preprocessing, the library that resizes, digests of
            weights and labels. A pinned spec opens again with the very same, anywhere, or is refused.
    """

    model: str = DEFAULT_MODEL
    checkpoint: str | None = None
    labels: str | None = None
    device: str = "auto"
    engine: str = "auto"
    precision: str = "auto"
    torchcompile: bool = False
    crop_mode: CropMode | None = None
    img_size: Size | None = None
    mean: Channels | None = None
    std: Channels | None = None
    crop_pct: float | None = None
    interpolation: Interpolation | None = None
    full_decode: bool = False
    two_step_resize: bool = False
    ignore_profile: bool = False
    activation: Activation | None = None
    topk: int = 5
    min_prob: float = 0.0
    sure: float | None = None
    calibration: dict[str, Any] | None = None
    max_pixels: int = DEFAULT_MAX_PIXELS
    max_aspect: float = MAX_ASPECT
    batch_size: int = 0
    workers: int = 0
    threads: int = 0
    autotune: bool = True
    int8: dict[str, Any] | None = None
    pinned: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        for name in _RANGES:
            if name != "sure" or self.sure is not None:
                object.__setattr__(self, name, check_range(name, getattr(self, name)))
        for name in _TEXTS:
            value = getattr(self, name)
            if not isinstance(value, str) or not value:
                raise UsageError(f"{name} {value!r} is not a name")
        for name, value in asdict(InputOverrides.of(self.img_size, self.mean, self.std)).items():
            object.__setattr__(self, name, value)
        if self.activation not in (None, *get_args(Activation)):
            raise UsageError(f"activation {self.activation!r} is not one of {', '.join(get_args(Activation))}")

        if self.calibration:
            Calibration.from_dict(self.calibration)

    def exact(self) -> Self:
        """The same with reference arithmetic: torch in fp32, full decode, TorchVision's or timm's resize and crop.

        As in these libraries, no colour profile is looked at.

        Raises:
            UsageError: another engine or precision is asked for.
        """
        if self.engine not in ("auto", "torch") or self.precision not in ("auto", "fp32"):
            raise UsageError(f"exact means torch in fp32, not {self.engine} in {self.precision}")
        if self.torchcompile:
            raise UsageError("exact means torch's own arithmetic, not torch.compile's")
        pixels = {"full_decode": True, "two_step_resize": True, "ignore_profile": True}
        return replace(self, engine="torch", precision="fp32", **pixels)  # type: ignore[arg-type]

    def as_pinned(self) -> Self:
        """The same, asking for the engine and the precision that it is pinned to, where it is."""
        pins = self.pinned or {}
        return replace(self, **{name: pins[name] for name in ("engine", "precision") if name in pins})

    def with_absolute_paths(self) -> Self:
        """The same, opening the same files from any working directory."""
        paths: dict[str, Any] = {
            name: str(Path(value).absolute())
            for name in ("checkpoint", "labels")
            if (value := getattr(self, name)) is not None
        }
        if is_bundle(Path(self.model)) or is_local(self.model):
            paths["model"] = str(Path(self.model).absolute())
        return replace(self, **paths)

    def applied_to(self, preprocessing: Preprocessing) -> Preprocessing:
        """A model's preprocessing, of the size that it was prepared for, with what this spec overrides.

        Raises:
            UsageError: a value is outside its range.
        """
        return preprocessing.with_options(self.crop_mode, self.crop_pct, self.interpolation)

    @property
    def overrides(self) -> InputOverrides:
        """What of the network's input is set by hand."""
        return InputOverrides(self.img_size, self.mean, self.std)

    @property
    def limits(self) -> Limits:
        """What one image may cost."""
        return Limits(self.max_pixels, self.max_aspect)

    def reproducibility_keys(self) -> dict[str, Any]:
        """Everything that decides answers, by name, as plain JSON values; no times, places or versions."""
        asked = {name: getattr(self, name) for name in _ASKED if self.pinned is None}
        own = {
            "decode": "full" if self.full_decode else "reduced",
            "resize": "two steps" if self.two_step_resize else "one step",
            "colour_profile": "ignored" if self.ignore_profile else "converted",
            "topk": self.topk,
            "max_pixels": self.max_pixels,
            "max_aspect": self.max_aspect,
            "min_prob": self.min_prob,
            **({} if self.sure is None else {"sure": self.sure}),
            **({} if self.calibration is None else {"calibration": self.calibration or None}),
            "torchcompile": self.torchcompile,
        }
        return asked | own | (self.pinned or {})

    def fingerprint(self) -> str:
        """A digest of what decides answers: two pinned specs with the same one give the same rows."""
        return hashlib.sha256(json.dumps(self.reproducibility_keys(), sort_keys=True).encode()).hexdigest()

    def to_json(self) -> str:
        """The spec as one line of JSON; `from_json` is its inverse."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """A spec from its JSON.

        Raises:
            UsageError: it is not one.
        """
        try:
            return cls(**json.loads(text))
        except (TypeError, ValueError) as error:
            raise UsageError(f"not the JSON of a PredictorSpec: {error}") from error


def pins_of(provenance: dict[str, Any]) -> dict[str, Any]:
    """What a spec is pinned to, of a classifier's provenance."""
    names = (
        "preprocessing",
        "colour_policy",
        "decode",
        "resize",
        "resizer",
        "colour_profile",
        "engine",
        "precision",
        "activation",
        "quantization",
        "calibration",
        "labels_sha256",
    )
    pins = {"weights": provenance["weights"]["sha256"]} | {name: provenance[name] for name in names}
    return pins | {"quantization": pinned_quantization(provenance["quantization"])}


def pinned_quantization(found: dict[str, Any] | None) -> dict[str, Any] | None:
    """What decides answers of a provenance's quantization: nothing where int8 was refused, and never its speed."""
    if found is None or "refused" in found:
        return None
    return {name: value for name, value in found.items() if name not in ("speed", "beside")}
