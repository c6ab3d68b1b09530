"""Everything on the way from one image to its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eyeful.errors import ImageError, UsageError
from eyeful.explain.arrays import Arrays, FeatureMaps
from eyeful.explain.cam import grad_cam
from eyeful.explain.layers import map_layers, outputs, pooled_vector, stages, target_layer
from eyeful.explain.target import find_target
from eyeful.images import input_box
from eyeful.results import probabilities, rank, why_no_probabilities
from eyeful.types import NONE_OF_THESE, Score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from eyeful.explain.network import Network
    from eyeful.predictor import PreprocessedImage
    from eyeful.types import Item

_SHOWN = 1024
"""Longest side of the image that is held to be shown."""
_TOP = 10


class Explanation(Arrays):
    """The way from one image to its answer, computed by torch in fp32, as arrays, and as a figure."""

    __slots__ = ()

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
    network: Network, item: Item, target: str | int | None = None, layer: str | None = None
) -> Explanation:
    """Follow one image through a network. Several threads may ask at once; they take turns.

    Args:
        network: what answers.
        item: the image; every pixel of it is decoded, and the preprocessing applied as its library does.
        target: the label that Grad-CAM is about, by name, WordNet id or index; the best one when None, but never
            "none of these".
        layer: the layer that Grad-CAM looks at; the last with feature maps when None.

    Raises:
        ImageError: the image cannot be had.
        UsageError: no such label or layer.
        ModelError: the network has no feature maps.
        MissingExtraError: Captum is not installed.
    """
    image = network.preprocessor(item, _SHOWN)
    if image.error is not None:
        raise image.error
    with network.lock:  # what is hooked into its layers belongs to one image at a time
        return _explained(network, image, target, layer)


def _explained(
    network: Network, image: PreprocessedImage, target: str | int | None, layer: str | None
) -> Explanation:
    assert image.pixels_HWC is not None  # noqa: S101 - there is no error
    assert image.thumbnail is not None  # noqa: S101 - it was asked for
    assert image.full_size is not None  # noqa: S101 - it was opened
    x_NCHW = network.normalised(image.pixels_HWC)
    classes = len(network.labels)
    layers = map_layers(network.module, x_NCHW, 0 if network.taught else classes)  # a head gives no class maps
    looked_at = target_layer(layers, network.module, layer)
    shown_stages = stages(layers, network.module)
    logits, maps = outputs(network.module, x_NCHW, [stage.name for stage in shown_stages])
    logits_K: NDArray[np.float32] = logits.float().numpy()
    if fault := why_no_probabilities(logits_K, network.activation):
        raise ImageError("nonfinite", fault)
    probs_K = probabilities(logits_K, network.activation, network.temperature)
    best = rank(logits_K, network.labels, _TOP, network.activation, network.temperature)
    index = _explained_label(network, best) if target is None else find_target(network.labels, target)
    if network.taught and index == classes - 1:
        raise UsageError(
            f"no place of an image speaks for {NONE_OF_THESE!r}, which is said where it is like no label: name one"
        )
    height, width = image.full_size
    left, top, right, bottom = input_box(image.full_size, network.preprocessing)
    return Explanation(
        filename=image.item.filename,
        model=network.name,
        image_HWC=image.thumbnail,
        full_size=image.full_size,
        warnings=image.warnings,
        box=(left / width, top / height, right / width, bottom / height),
        pixels_HWC=image.pixels_HWC,
        stages=tuple(FeatureMaps(stage.name, maps[stage.name].float().numpy()) for stage in shown_stages),
        pooled_D=pooled_vector(network.module, x_NCHW, classes, layers[-1]).float().numpy(),
        logits_K=logits_K,
        probs_K=probs_K,
        activation=network.activation,
        temperature=network.temperature,
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


def _explained_label(network: Network, best: tuple[Score, ...]) -> int:
    """The best label; where that is "none of these", the one that comes next."""
    return best[1].index if network.taught and best[0].label == NONE_OF_THESE else best[0].index
