"""Everything on the way from one image to its answer, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from eyeful.explain.cam import grad_cam
from eyeful.explain.layers import map_layers, outputs, pooled_vector, stages, target_layer
from eyeful.explain.target import find_target
from eyeful.images import Limits, MemoryBudget, input_box, open_item, preprocess_warnings, resize_and_crop
from eyeful.results import rank, softmax
from eyeful.types import Score, Size

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eyeful.explain.network import Network
    from eyeful.types import Item

_SHOWN = 1024
"""Longest side of the image that is held to be shown."""
_TOP = 10


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
class Explanation:
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
        logits_K, probs_K: raw scores, and these after softmax; float32.
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

    def plot(self) -> Any:
        """All of it on one figure.

        Returns:
            a matplotlib Figure; `figure.savefig("why.png")` writes it.

        Raises:
            MissingExtraError: Matplotlib is not installed.
        """
        from eyeful.explain.figure import draw

        return draw(self)


def explain(
    network: Network,
    item: Item,
    target: str | int | None = None,
    layer: str | None = None,
    limits: Limits | None = None,
) -> Explanation:
    """Follow one image through a network.

    Args:
        network: what answers.
        item: the image; every pixel of it is decoded, and the preprocessing applied as its library does.
        target: the label that Grad-CAM is about, by name, WordNet id or index; the best one when None.
        layer: the layer that Grad-CAM looks at; the last with feature maps when None.
        limits: what the image may cost.

    Raises:
        ImageError: the image cannot be had.
        UsageError: no such label or layer.
        ModelError: the network has no feature maps.
        MissingExtraError: Captum is not installed.
    """
    with open_item(item, limits or Limits(), MemoryBudget()) as opened:
        pixels_HWC = resize_and_crop(opened.image, network.preprocessing)
        shown = opened.image.copy()
        full_size, warnings = opened.full_size, opened.warnings
    shown.thumbnail((_SHOWN, _SHOWN))
    x_NCHW = network.normalised(pixels_HWC)
    classes = len(network.labels)
    layers = map_layers(network.module, x_NCHW, classes)
    looked_at = target_layer(layers, network.module, layer)
    shown_stages = stages(layers, network.module)
    logits, maps = outputs(network.module, x_NCHW, [stage.name for stage in shown_stages])
    logits_K: NDArray[np.float32] = logits.float().numpy()
    probs_K = softmax(logits_K)
    best = rank(logits_K, network.labels, _TOP)
    index = best[0].index if target is None else find_target(network.labels, target)
    height, width = full_size
    left, top, right, bottom = input_box(full_size, network.preprocessing)
    return Explanation(
        filename=item.filename,
        model=network.name,
        image_HWC=np.array(shown),
        full_size=full_size,
        warnings=(*warnings, *preprocess_warnings(full_size, network.preprocessing)),
        box=(left / width, top / height, right / width, bottom / height),
        pixels_HWC=pixels_HWC,
        stages=tuple(FeatureMaps(stage.name, maps[stage.name].float().numpy()) for stage in shown_stages),
        pooled_D=pooled_vector(network.module, x_NCHW, classes, layers[-1]).float().numpy(),
        logits_K=logits_K,
        probs_K=probs_K,
        top=best,
        target=Score(
            index,
            network.labels.wnids[index],
            network.labels.names[index],
            float(probs_K[index]),
            float(logits_K[index]),
        ),
        layer=looked_at.name,
        cam_HW=grad_cam(network.module, x_NCHW, looked_at.name, index),
    )
