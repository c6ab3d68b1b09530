"""What there is to see on the way from one image to its answer, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from eyeful.types import Activation, Score, Size

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class FeatureMaps:
    """What one layer puts out for an image.

    Attributes:
        layer: its name in the network.
        maps_CHW: float32; one map for each channel, each a filter's answer at every place.
    """

    layer: str
    maps_CHW: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """The way from one image to its answer, computed by torch in fp32.

    Attributes:
        filename: the image's name.
        model: the model's full name.
        image_HWC: the image, upright, at most 1024 pixels on its longer side; uint8.
        full_size: upright (height, width) in the file.
        warnings: what was done to the image, as in a prediction.
        box: where the network's input lies on the image: left, top, right, bottom as shares of its width and
            height; below 0 or above 1 where the preprocessing pads.
        pixels_HWC: what the network saw; uint8.
        stages: feature maps from early to late.
        pooled_D: the vector that the last linear layer turns into logits; float32.
        logits_K: raw scores; float32.
        probs_K: these after the model's activation; float32.
        activation: what made the latter of the former.
        temperature: what a calibration divided the logits by before; 1 without one.
        top: the ten best labels.
        target: the label that `cam_HW` is about.
        layer: the layer whose maps Grad-CAM weighs.
        cam_HW: Grad-CAM, 0 to 1, at the size of that layer's maps; float32.
    """

    filename: str
    model: str
    image_HWC: NDArray[np.uint8]
    full_size: Size
    warnings: tuple[str, ...]
    box: tuple[float, float, float, float]
    pixels_HWC: NDArray[np.uint8]
    stages: tuple[FeatureMaps, ...]
    pooled_D: NDArray[np.float32]
    logits_K: NDArray[np.float32]
    probs_K: NDArray[np.float32]
    activation: Activation
    temperature: float
    top: tuple[Score, ...]
    target: Score
    layer: str
    cam_HW: NDArray[np.float32]

    def cam_on_image(self) -> NDArray[np.float32]:
        """Grad-CAM in the image's own geometry: (H, W) of `image_HWC`; NaN where the network did not look."""
        height, width = self.image_HWC.shape[:2]
        left, top, right, bottom = (
            round(share * side) for share, side in zip(self.box, (width, height, width, height), strict=True)
        )
        size = (max(1, right - left), max(1, bottom - top))
        cam = Image.fromarray(self.cam_HW).resize(size, Image.Resampling.BICUBIC)
        canvas = Image.new("F", (width, height), float("nan"))
        canvas.paste(cam, (left, top))
        cam_HW: NDArray[np.float32] = np.clip(np.array(canvas), 0, 1)
        return cam_HW
