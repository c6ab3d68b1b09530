"""The words of eyeful, as frozen dataclasses.

Shape names, used as suffixes everywhere:

    N  images in a batch        K  classes
    H  height, W  width           C  colour channels, always 3: red, green, blue

    pixels_HWC   one opened image, upright, RGB uint8
    batch_NHWC   images after resize and crop, uint8, ready for an engine
    logits_NK    raw scores, float32       probs_NK   after softmax, float32
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from eyeful.errors import ErrorKind, UsageError

CropMode = Literal["center", "squash", "border"]
Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"]
Size = tuple[int, int]
"""(height, width) in pixels."""

Content = Path | bytes | Image.Image | NDArray[np.uint8] | Callable[[], bytes]
"""Where an item's image is: a file, encoded bytes, an opened image, pixels, or a call that fetches bytes."""


@dataclass(frozen=True, slots=True)
class Item:
    """One image to classify: its identity in every output, and how to get at it."""

    filename: str
    content: Content


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """Preprocessing that belongs to weights.

    `center` resizes the shorter side to `scale_size` and crops `size` from the middle; `squash` resizes both
    sides to `scale_size` whatever the aspect ratio, then crops; `border` fits the whole image into
    `scale_size` and fills the rest with the mean colour. Sizes are (height, width) in pixels; `mean` and `std`
    are per channel, for pixel values from 0 to 1.
    """

    size: Size
    scale_size: Size
    interpolation: Interpolation
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    crop_mode: CropMode = "center"

    def with_options(
        self,
        crop_mode: CropMode | None = None,
        img_size: int | None = None,
        crop_pct: float | None = None,
        interpolation: Interpolation | None = None,
    ) -> Preprocessing:
        """This preprocessing with what the user set by hand; what is None stays as the weights say.

        A crop mode other than the weights' own shows the network the whole image (`crop_pct` 1, the lesson's
        `Resize((224, 224))`) unless `crop_pct` says otherwise.

        Raises:
            UsageError: a value is outside its range.
        """
        if crop_mode is not None and crop_mode not in get_args(CropMode):
            raise UsageError(f"crop mode {crop_mode!r} is not one of {', '.join(get_args(CropMode))}")
        if interpolation is not None and interpolation not in get_args(Interpolation):
            raise UsageError(f"interpolation {interpolation!r} is not one of {', '.join(get_args(Interpolation))}")
        if img_size is not None and not 1 <= img_size <= 4096:
            raise UsageError(f"image size {img_size} is not between 1 and 4096 pixels")
        if crop_pct is not None and not 0.01 <= crop_pct <= 1:
            raise UsageError(f"crop percentage {crop_pct} is not between 0.01 and 1")
        size = self.size if img_size is None else (img_size, img_size)
        scale_size = self.scale_size
        if crop_pct is None and crop_mode not in (None, "center", self.crop_mode):
            crop_pct = 1.0
        if crop_pct is not None:
            scale_size = (math.floor(size[0] / crop_pct), math.floor(size[1] / crop_pct))
        elif img_size is not None:
            scale_size = (
                round(size[0] * self.scale_size[0] / self.size[0]),
                round(size[1] * self.scale_size[1] / self.size[1]),
            )
        return replace(
            self,
            size=size,
            scale_size=scale_size,
            crop_mode=crop_mode or self.crop_mode,
            interpolation=interpolation or self.interpolation,
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, as a manifest holds them."""
        return {
            "size": list(self.size),
            "scale_size": list(self.scale_size),
            "crop_mode": self.crop_mode,
            "interpolation": self.interpolation,
            "mean": list(self.mean),
            "std": list(self.std),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Preprocessing:
        """The inverse of `as_dict`."""
        return cls(
            size=(int(values["size"][0]), int(values["size"][1])),
            scale_size=(int(values["scale_size"][0]), int(values["scale_size"][1])),
            crop_mode=values["crop_mode"],
            interpolation=values["interpolation"],
            mean=(float(values["mean"][0]), float(values["mean"][1]), float(values["mean"][2])),
            std=(float(values["std"][0]), float(values["std"][1]), float(values["std"][2])),
        )

    def __str__(self) -> str:
        scale, size = (f"{h}" if h == w else f"{h}x{w}" for h, w in (self.scale_size, self.size))
        steps = {
            "center": f"shorter side to {scale}, {size}x{size} from the middle",
            "squash": f"both sides to {scale}, whatever the aspect ratio, {size} from the middle",
            "border": f"the whole image into {scale}, borders in the mean colour, {size} from the middle",
        }
        return f"{steps[self.crop_mode]}, {self.interpolation}; mean {self.mean}, std {self.std}"


@dataclass(frozen=True, slots=True)
class Labels:
    """The closed set of answers: position in the output vector = label. Names need not be unique."""

    names: tuple[str, ...]
    wnids: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True)
class Score:
    """One ranked label. `prob` is a share of this label set (0 to 1), not the chance of being right."""

    index: int
    wnid: str | None
    label: str
    prob: float
    logit: float


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """The row for one item: its ranked scores, or a named error.

    Attributes:
        filename: the item's identity.
        top: the k best scores, best first; empty for an error.
        abstained: the best probability is below `min_prob`: the label is a guess, and said to be one.
        warnings: what was done to the image beyond the preprocessing ("exif_rotated").
        error_kind, error: what went wrong, as a kind and as one line.
        logits: float32 (K,), the raw score of every class; None for an error.
        item: the input, to look at the image again.
        thumbnail: uint8 (H, W, 3), at most 320 pixels, when a sink asked for it.
    """

    filename: str
    top: tuple[Score, ...] = ()
    abstained: bool = False
    warnings: tuple[str, ...] = ()
    error_kind: ErrorKind | None = None
    error: str | None = None
    logits: NDArray[np.float32] | None = field(default=None, repr=False)
    item: Item | None = field(default=None, repr=False)
    thumbnail: NDArray[np.uint8] | None = field(default=None, repr=False)

    @property
    def ok(self) -> bool:
        """Whether there is an answer."""
        return self.error_kind is None

    @property
    def status(self) -> Literal["ok", "error"]:
        """`ok` or `error`, as rows say it."""
        return "ok" if self.ok else "error"

    @property
    def label(self) -> str | None:
        """The best label; None for an error."""
        return self.top[0].label if self.top else None

    @property
    def prob(self) -> float | None:
        """The best label's probability, 0 to 1; None for an error."""
        return self.top[0].prob if self.top else None

    @property
    def answer(self) -> str:
        """What to tell a person: the label, `unsure (label?)` or the error."""
        if not self.top:
            return f"{self.error_kind}: {self.error}"
        return f"unsure ({self.label}?)" if self.abstained else self.top[0].label

    def _repr_html_(self) -> str:
        """A notebook shows the answer as a small table of bars."""
        from html import escape

        if not self.ok:
            return f"<b>{escape(self.filename)}</b>: {escape(self.answer)}"
        rows = "".join(
            f"<tr><td>{escape(score.label)}</td><td style='width:12em'><div style='background:#2a6f97;height:.8em;"
            f"width:{score.prob:.1%}'></div></td><td>{score.prob:.3f}</td><td>{score.logit:.2f}</td></tr>"
            for score in self.top
        )
        return (
            f"<table><caption>{escape(self.filename)}: {escape(self.answer)}</caption>"
            f"<tr><th>label</th><th></th><th>prob</th><th>logit</th></tr>{rows}</table>"
        )
