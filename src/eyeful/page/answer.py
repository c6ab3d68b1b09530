"""One image, one model: the answer, what the network saw, and how long it took."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eyeful.images import crop_box

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from eyeful.pipeline import Classifier
    from eyeful.types import Item, Prediction

TOP = 5
"""Labels that the page shows."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, as fractions of an upright image."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What there is to show of one image and one model.

    Attributes:
        prediction: with all logits and a thumbnail.
        model: the name by which it was chosen.
        classes: how many labels it has.
        runs_on: engine, device and precision.
        pixels_HWC: what the network saw; None for an image that could not be opened.
        box: the part of the image that it saw.
        opening: seconds for decoding, resizing and cropping.
        network: seconds for the forward pass.
    """

    prediction: Prediction
    model: str
    classes: int
    runs_on: str
    pixels_HWC: NDArray[np.uint8] | None
    box: Box
    opening: float
    network: float


def answer(classifier: Classifier, model: str, item: Item) -> Answer:
    """Classify one image as `Classifier.predict` does, stage by stage, and keep what lies between the stages.

    Args:
        classifier: what answers.
        model: its name on the page.
        item: the image.

    Raises:
        EngineError: the network cannot run.
    """
    started = time.perf_counter()
    with closing(classifier.preprocess_all([item], thumbnails=True)) as images:
        loaded = next(images)
    opened = ended = time.perf_counter()
    if loaded.pixels_HWC is None:
        prediction = loaded.as_error()
    else:
        logits_NK = classifier.submit(loaded.pixels_HWC[None]).result()
        ended = time.perf_counter()
        prediction = classifier.postprocess(loaded, logits_NK[0], TOP)
    return Answer(
        prediction,
        model,
        len(classifier.labels),
        f"{classifier.engine} on {classifier.device}, {classifier.precision}",
        loaded.pixels_HWC,
        _seen_of(loaded.thumbnail, classifier),
        opened - started,
        ended - opened,
    )


def _seen_of(thumbnail: NDArray[np.uint8] | None, classifier: Classifier) -> Box:
    if thumbnail is None:
        return 0.0, 0.0, 1.0, 1.0
    height, width = thumbnail.shape[:2]
    left, top, right, bottom = crop_box((height, width), classifier.preprocessing)
    return left / width, top / height, right / width, bottom / height
