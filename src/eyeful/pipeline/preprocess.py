"""The work of a decode worker: one item → pixels ready for a batch, or the error that its row will carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eyeful.errors import ImageError
from eyeful.images import open_item, preprocess_warnings, resize_and_crop, resize_and_crop_fast
from eyeful.pipeline.watchdog import DecodeWatchdog
from eyeful.types import Prediction

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    from eyeful.images import Limits, MemoryBudget
    from eyeful.preprocessing import Preprocessing
    from eyeful.types import Item

THUMBNAIL = 320
"""Longest side of a thumbnail, in pixels."""


@dataclass(frozen=True, slots=True)
class PreprocessedImage:
    """One item after its image was opened and the preprocessing applied, or after that failed."""

    item: Item
    pixels_HWC: NDArray[np.uint8] | None = None
    warnings: tuple[str, ...] = ()
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
            item=self.item,
            thumbnail=self.thumbnail,
        )


def preprocess(
    item: Item,
    preprocessing: Preprocessing,
    limits: Limits,
    budget: MemoryBudget,
    *,
    watchdog: DecodeWatchdog | None = None,
    full_decode: bool,
    two_step_resize: bool,
    thumbnails: bool,
) -> PreprocessedImage:
    """Open one item and apply the preprocessing; never raises, so that no image can end a run.

    `full_decode` and `two_step_resize` together are the exact way; without them JPEGs are decoded at a reduced
    scale, and only what the network will see is resampled.
    """
    try:
        with (
            (watchdog or DecodeWatchdog()).on(item.filename),
            open_item(item, limits, budget, reduce_for=None if full_decode else preprocessing) as opened,
        ):
            if two_step_resize:
                pixels_HWC = resize_and_crop(opened.image, preprocessing)
            else:
                pixels_HWC = resize_and_crop_fast(opened.image, opened.full_size, preprocessing)
            return PreprocessedImage(
                item,
                pixels_HWC,
                (*opened.warnings, *preprocess_warnings(opened.full_size, preprocessing)),
                thumbnail_of(opened.image) if thumbnails else None,
            )
    except ImageError as error:
        return PreprocessedImage(item, error=error)
    except Exception as error:  # noqa: BLE001 - a bug of ours must cost one row, not the run
        return PreprocessedImage(item, error=ImageError("internal", f"{type(error).__name__}: {error}"))


def thumbnail_of(image: Image.Image) -> NDArray[np.uint8]:
    """A small copy, at most 320 pixels on its longer side: uint8 (H, W, 3)."""
    small = (
        image.copy() if max(image.size) <= THUMBNAIL else image.reduce(max(1, max(image.size) // (2 * THUMBNAIL)))
    )
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    return np.array(small)
