"""Feature maps as a grid, a vector as squares, a heat map over an image: arrays in, pixels out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MOST_MAPS = 36
_SIDE = 480
"""Pixels of a feature grid, at least."""
_IN_A_ROW = 64
_WARM = np.array((255, 122, 0), np.float32)


def feature_grid(maps_CHW: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The strongest maps of a stage, each from black (its least) to white (its most)."""
    from eyeful.explain.figure import tiles

    sheet = np.nan_to_num(tiles(maps_CHW, MOST_MAPS), nan=1.0)
    return _enlarged(sheet, -(-_SIDE // max(sheet.shape)))


def vector_image(values_D: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A vector as small squares, row by row, dark where it is large."""
    least, most = float(values_D.min()), float(values_D.max())
    squares = np.zeros(-(-len(values_D) // _IN_A_ROW) * _IN_A_ROW, np.float32)
    squares[: len(values_D)] = (values_D - least) / ((most - least) or 1)
    return _enlarged(1 - squares.reshape(-1, _IN_A_ROW), 8)


def overlay_heatmap(image_HWC: NDArray[np.uint8], cam_HW: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The image in grey, warm where the map is high; dim where it is NaN, which the network did not see."""
    weight = 0.75 * np.nan_to_num(cam_HW)[..., None]
    light = np.where(np.isfinite(cam_HW), 1.0, 0.4)[..., None]
    grey = np.asarray(Image.fromarray(image_HWC).convert("L"), np.float32)[..., None]
    drawn: NDArray[np.uint8] = ((1 - weight) * light * grey + weight * _WARM).astype(np.uint8)
    return drawn


def _enlarged(shares_HW: NDArray[np.float32], times: int) -> NDArray[np.uint8]:
    """Shares from 0 to 1 as grey squares of that many pixels."""
    levels = (255 * np.clip(shares_HW, 0, 1)).astype(np.uint8)
    return levels.repeat(times, 0).repeat(times, 1)
