"""One image, one model: the answer, what the network saw, and how long it took."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eyeful.images import crop_box
from eyeful.page.messages import Trouble, why_no_answer
from eyeful.predictor import THUMBNAIL
from eyeful.results.promises import promise_sentence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from eyeful.classifier import Classifier
    from eyeful.predictor import PredictorSpec
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
        spec: what the model was asked for, to have the same answer elsewhere.
        pixels_HWC: what the network saw.
        box: the part of the image that it saw.
        opening: seconds for decoding, resizing and cropping.
        network: seconds for the forward pass.
        promise: what a calibration promises of such an answer, in a sentence; None without one.
    """

    prediction: Prediction
    model: str
    classes: int
    runs_on: str
    spec: PredictorSpec
    pixels_HWC: NDArray[np.uint8]
    box: Box
    opening: float
    network: float
    promise: str | None = None


def answered(classifier: Classifier, model: str, item: Item) -> Answer | Trouble:
    """Classify one image as `Classifier.predict` does, stage by stage, and keep what lies between the stages.

    Args:
        classifier: what answers.
        model: its name on the page.
        item: the image.

    Returns:
        an answer to show, or why there is none.

    Raises:
        EngineError: the network cannot run.
    """
    predictor = classifier.predictor
    started = time.perf_counter()
    image = predictor.preprocess(item, THUMBNAIL)
    opened = ended = time.perf_counter()
    if image.pixels_HWC is None:
        prediction = image.as_error()
    else:
        outputs = predictor.forward(image.pixels_HWC[None]).result()
        ended = time.perf_counter()
        prediction = predictor.postprocess(image, *outputs.row(0), topk=TOP)
    if image.pixels_HWC is None or not prediction.ok:
        return why_no_answer(item.filename, prediction.error_kind, prediction.error or "")
    return Answer(
        prediction,
        model,
        len(classifier.labels),
        f"{classifier.engine} on {classifier.device}, {classifier.precision}",
        classifier.spec,
        image.pixels_HWC,
        _seen_of(image.thumbnail, classifier),
        opened - started,
        ended - opened,
        promise_sentence(predictor.calibration, prediction.top[0].prob) if predictor.calibration else None,
    )


def _seen_of(thumbnail: NDArray[np.uint8] | None, classifier: Classifier) -> Box:
    if thumbnail is None:
        return 0.0, 0.0, 1.0, 1.0
    height, width = thumbnail.shape[:2]
    left, top, right, bottom = crop_box((height, width), classifier.preprocessing)
    return left / width, top / height, right / width, bottom / height
