"""Preprocessing: what belongs to weights and turns an image into the network's input."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from eyeful.errors import UsageError
from eyeful.types import Size

CropMode = Literal["center", "squash", "border"]
Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos", "box", "hamming"]


Channels = tuple[float, float, float]
"""One number for red, one for green, one for blue."""


@dataclass(frozen=True, slots=True)
class InputOverrides:
    """What a user sets by hand of what lies in a prepared network; what is None stays as the weights say.

    Attributes:
        img_size: (height, width) of the network's input in pixels.
        mean, std: per channel, for pixel values from 0 to 1.
    """

    img_size: Size | None = None
    mean: Channels | None = None
    std: Channels | None = None

    @classmethod
    def of(
        cls,
        img_size: int | str | Sequence[int] | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> InputOverrides:
        """What was given in any of the forms that people have.

        Args:
            img_size: one side of a square, (height, width), or "HxW".
            mean: three numbers, for pixel values from 0 to 1.
            std: the same.

        Raises:
            UsageError: a value is none of its kind.
        """
        return cls(
            None if img_size is None else _size_of(img_size),
            None if mean is None else _channels_of("mean", mean),
            None if std is None else _channels_of("std", std),
        )


NO_OVERRIDES = InputOverrides()


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """Preprocessing that belongs to weights.

    Attributes:
        size: (height, width) of the network's input, in pixels.
        scale_size: (height, width) of the image before the crop, in pixels.
        crop_mode: `center` resizes the shorter side to `scale_size` and crops `size` from the middle; `squash`
            resizes both sides whatever the aspect ratio, then crops; `border` fits the whole image into
            `scale_size` and fills the rest with the mean colour.
        interpolation: how it is resized.
        mean: per channel, for pixel values from 0 to 1.
        std: the same.
    """

    size: Size
    scale_size: Size
    interpolation: Interpolation
    mean: Channels
    std: Channels
    crop_mode: CropMode = "center"

    def __post_init__(self) -> None:
        if self.crop_mode not in get_args(CropMode):
            raise UsageError(f"crop mode {self.crop_mode!r} is not one of {', '.join(get_args(CropMode))}")
        if self.interpolation not in get_args(Interpolation):
            raise UsageError(
                f"interpolation {self.interpolation!r} is not one of {', '.join(get_args(Interpolation))}"
            )
        if min(*self.size, *self.scale_size) < 1:
            raise UsageError(f"a size of {self.size} from {self.scale_size} pixels is none")
        if not all(map(math.isfinite, (*self.mean, *self.std))) or 0 in self.std:
            raise UsageError(f"mean {self.mean} and std {self.std} cannot normalise")

    def with_overrides(self, overrides: InputOverrides) -> Preprocessing:
        """This preprocessing with the input that the user set by hand; the share that the crop keeps stays."""
        size = overrides.img_size or self.size
        scale_size = (
            round(size[0] * self.scale_size[0] / self.size[0]),
            round(size[1] * self.scale_size[1] / self.size[1]),
        )
        mean, std = overrides.mean or self.mean, overrides.std or self.std
        return replace(self, size=size, scale_size=scale_size, mean=mean, std=std)

    def with_options(
        self,
        crop_mode: CropMode | None = None,
        crop_pct: float | None = None,
        interpolation: Interpolation | None = None,
    ) -> Preprocessing:
        """This preprocessing with what the user set by hand; what is None stays as the weights say.

        A crop mode other than the weights' own shows the network the whole image (`crop_pct` 1, the lesson's
        `Resize((224, 224))`) unless `crop_pct` says otherwise.

        Raises:
            UsageError: a value is outside its range.
        """
        if crop_pct is not None and not 0.01 <= crop_pct <= 1:
            raise UsageError(f"crop percentage {crop_pct} is not between 0.01 and 1")
        scale_size = self.scale_size
        if crop_pct is None and crop_mode not in (None, "center", self.crop_mode):
            crop_pct = 1.0
        if crop_pct is not None:
            scale_size = (math.floor(self.size[0] / crop_pct), math.floor(self.size[1] / crop_pct))
        return replace(
            self,
            scale_size=scale_size,
            crop_mode=crop_mode or self.crop_mode,
            interpolation=interpolation or self.interpolation,
        )

    def options(self) -> dict[str, Any]:
        """What `with_options` takes to give this one's crop and interpolation, whatever the weights' own are.

        `crop_pct` is missing where none leads to `scale_size`.
        """
        (height, width), (scale_h, scale_w) = self.size, self.scale_size
        options = {"crop_mode": self.crop_mode, "interpolation": self.interpolation}
        crop_pct = (height + width) / (scale_h + scale_w + 1)  # half a pixel beyond, which is then cut off
        try:
            found = self.with_options(crop_pct=crop_pct)
        except UsageError:  # it crops more than there is
            return options
        return options | ({"crop_pct": crop_pct} if found == self else {})

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


def _size_of(value: int | str | Sequence[int]) -> Size:
    """(height, width) of a side, of two, or of "HxW"."""
    try:
        sides = (
            value.lower().split("x")
            if isinstance(value, str)
            else value
            if isinstance(value, Sequence)
            else [value]
        )
        numbers = [operator.index(int(side) if isinstance(side, str) else side) for side in sides]
    except (TypeError, ValueError):
        numbers = []
    if not 1 <= len(numbers) <= 2 or not all(1 <= number <= 4096 for number in numbers):
        raise UsageError(f"image size {value} is neither a side between 1 and 4096 pixels nor HEIGHTxWIDTH")
    return numbers[0], numbers[-1]


def _channels_of(name: str, value: Sequence[float]) -> Channels:
    """Three numbers for pixel values from 0 to 1."""
    try:
        red, green, blue = (float(number) for number in value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} {value} is not three numbers, for red, green and blue") from error
    if not all(map(math.isfinite, (red, green, blue))) or (name == "std" and min(red, green, blue) <= 0):
        raise UsageError(f"{name} {value} cannot normalise")
    if not all(0 <= number <= 1 for number in (red, green, blue)):
        raise UsageError(
            f"{name} {value} is not for pixel values from 0 to 1: divide it by 255 where it is for 0 to 255"
        )
    return red, green, blue
