"""The first stage: one item → pixels ready for a batch, or the error that its row will carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eyeful.errors import ImageError
from eyeful.images import (
    PILLOW,
    open_item,
    preprocess_warnings,
    resize_and_crop,
    resize_and_crop_fast,
    resizer_for,
)
from eyeful.types import Prediction

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    from eyeful.images import Limits, ToSRGB
    from eyeful.preprocessing import Preprocessing
    from eyeful.types import Item, Size

THUMBNAIL = 320
"""Longest side of a thumbnail, in pixels."""


@dataclass(frozen=True, slots=True)
class PreprocessedImage:
    """One item after the first stage.

    Attributes:
        item: what was opened.
        pixels_HWC: the network's input, uint8; None where there is an error.
        warnings: what was done to the image.
        full_size: upright (height, width) in the file; None where there is an error.
        thumbnail: a small copy, uint8 (H, W, 3), when it was asked for.
        error: why there are no pixels.
    """

    item: Item
    pixels_HWC: NDArray[np.uint8] | None = None
    warnings: tuple[str, ...] = ()
    full_size: Size | None = None
    thumbnail: NDArray[np.uint8] | None = None
    error: ImageError | None = None

    def as_error(self, error: ImageError | None = None) -> Prediction:
        """The row of this item when it has no answer."""
        failed = error or self.error or ImageError("internal", "there is neither an image nor an error")
        return Prediction(
            filename=self.item.filename,
            warnings=self.warnings,
            error_kind=failed.kind,
            error=str(failed),
            columns=self.item.columns,
            item=self.item,
            thumbnail=self.thumbnail,
        )


@dataclass(frozen=True, slots=True)
class Preprocessor:
    """Opens images and applies preprocessing. Picklable, so that another process can do the same.

    `full_decode` and `two_step_resize` together are the exact way; without them JPEGs are decoded at a reduced
    scale, and only what the network will see is resampled. `ignore_profile` belongs to the exact way too; without
    it colours of another profile than sRGB are converted.
    """

    preprocessing: Preprocessing
    limits: Limits
    full_decode: bool = False
    two_step_resize: bool = False
    ignore_profile: bool = False

    @property
    def resizer(self) -> str:
        """The library that resizes: "cykooz_resizer" or "pillow"."""
        return PILLOW if self.two_step_resize else resizer_for(self.preprocessing.interpolation)

    def __call__(self, item: Item, thumbnail: int = 0) -> PreprocessedImage:
        """Open one item. Never raises, so that no image can end a run.

        Args:
            item: what to open.
            thumbnail: longest side of the small copy, in pixels; 0 for none.
        """
        try:
            reduce_for = None if self.full_decode else self.preprocessing
            with open_item(item, self.limits, reduce_for=reduce_for) as opened:
                to_srgb = None if self.ignore_profile else opened.to_srgb
                if self.two_step_resize:
                    pixels_HWC = resize_and_crop(opened.image, self.preprocessing, to_srgb)
                else:
                    pixels_HWC = resize_and_crop_fast(opened.image, opened.full_size, self.preprocessing, to_srgb)
                colours = () if to_srgb is None else ("srgb_converted",)
                return PreprocessedImage(
                    item,
                    pixels_HWC,
                    (*opened.warnings, *colours, *preprocess_warnings(opened.full_size, self.preprocessing)),
                    opened.full_size,
                    thumbnail_of(opened.image, thumbnail, to_srgb) if thumbnail else None,
                )
        except ImageError as error:
            return PreprocessedImage(item, error=error)
        except Exception as error:  # noqa: BLE001 - a bug of ours must cost one row, not the run
            return PreprocessedImage(item, error=ImageError("internal", f"{type(error).__name__}: {error}"))


def thumbnail_of(image: Image.Image, side: int, to_srgb: ToSRGB | None = None) -> NDArray[np.uint8]:
    """A small copy, at most `side` pixels on its longer side, in sRGB if it can be: uint8 (H, W, 3)."""
    longest = max(image.size)
    small = image.copy() if longest <= side else image.reduce(max(1, longest // (2 * side)))
    small.thumbnail((side, side))
    return np.array(small if to_srgb is None else to_srgb(small))
