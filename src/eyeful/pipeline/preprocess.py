"""The work of a decode worker: one item → pixels ready for a batch, or the error that its row will carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eyeful.errors import ImageError
from eyeful.images import apply_recipe, apply_recipe_fast, open_item, remarks
from eyeful.pipeline.watch import Watch
from eyeful.types import Prediction

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    from eyeful.images import Limits, MemoryBudget
    from eyeful.types import Item, Recipe

THUMBNAIL = 320
"""Longest side of a thumbnail, in pixels."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One item after its image was opened and the recipe applied, or after that failed."""

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


def load_image(
    item: Item,
    recipe: Recipe,
    limits: Limits,
    budget: MemoryBudget,
    *,
    watch: Watch | None = None,
    full_decode: bool,
    two_step_resize: bool,
    thumbnails: bool,
) -> Loaded:
    """Open one item and apply the recipe; never raises, so that no image can end a run.

    `full_decode` and `two_step_resize` together are the exact way; without them JPEGs are decoded at a reduced
    scale, and only what the network will see is resampled.
    """
    try:
        with (
            (watch or Watch()).on(item.filename),
            open_item(item, limits, budget, reduce_for=None if full_decode else recipe) as opened,
        ):
            if two_step_resize:
                pixels_HWC = apply_recipe(opened.image, recipe)
            else:
                pixels_HWC = apply_recipe_fast(opened.image, opened.full_size, recipe)
            return Loaded(
                item,
                pixels_HWC,
                (*opened.warnings, *remarks(opened.full_size, recipe)),
                thumbnail_of(opened.image) if thumbnails else None,
            )
    except ImageError as error:
        return Loaded(item, error=error)
    except Exception as error:  # noqa: BLE001 - a bug of ours must cost one row, not the run
        return Loaded(item, error=ImageError("internal", f"{type(error).__name__}: {error}"))


def thumbnail_of(image: Image.Image) -> NDArray[np.uint8]:
    """A small copy, at most 320 pixels on its longer side: uint8 (H, W, 3)."""
    small = (
        image.copy()
        if max(image.size) <= THUMBNAIL
        else image.reduce(max(1, max(image.size) // (2 * THUMBNAIL)))
    )
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    return np.array(small)
