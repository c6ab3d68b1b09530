"""One image, one model: the answer, what the network saw, and how long it took."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from eyeful.errors import UsageError
from eyeful.images import crop_box
from eyeful.page.messages import Trouble, why_no_answer
from eyeful.predictor import THUMBNAIL
from eyeful.results.promises import promise_sentence
from eyeful.wording import choice_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from eyeful.classifier import Classifier
    from eyeful.predictor import PredictorSpec
    from eyeful.types import Item, Labels, Prediction

TOP = 5
"""Labels that the page shows."""

SURE = 0.8
"""What a group must hold of the probability, unless the model was loaded with a share of its own."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, as fractions of an upright image."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What there is to show of one image and one model.

    Attributes:
        prediction: with all logits and a thumbnail; a label, unless groups are shown.
        model: the name by which it was chosen.
        labels: all that it has.
        runs_on: engine, device and precision.
        spec: what the model was asked for, to have the same answer elsewhere.
        pixels_HWC: what the network saw.
        box: the part of the image that it saw.
        opening: seconds for decoding, resizing and cropping.
        network: seconds for the forward pass.
        grouped: the same prediction, answered with a group; None where the model's labels have none.
        grouping: whether groups are shown, or would be.
        promise: what a calibration promises of such an answer, in a sentence; None without one.
    """

    prediction: Prediction
    model: str
    labels: Labels
    runs_on: str
    spec: PredictorSpec
    pixels_HWC: NDArray[np.uint8]
    box: Box
    opening: float
    network: float
    promise: str | None = None
    grouped: Prediction | None = None
    grouping: bool = False

    @property
    def classes(self) -> int:
        """How many labels the model has."""
        return len(self.labels)

    @property
    def choice(self) -> str:
        """What it can answer with."""
        return choice_of(self.classes, none_of_these=self.labels.none_of_these is not None)

    def shown(self, *, grouping: bool) -> Answer:
        """The same, answered with a group where no label is sure; or with a label in any case."""
        if not grouping or self.grouped is None:
            return replace(self, grouping=grouping)
        promise = self.promise
        if promise and self.grouped.answer_parts != self.prediction.answer_parts:
            promise = "Your calibration promises nothing of groups."
        spec = replace(self.spec, sure=self.grouped.sure)
        return replace(self, grouping=True, prediction=self.grouped, spec=spec, promise=promise)


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
        sure = (classifier.spec.sure or SURE) if has_groups(classifier) else None
        prediction = predictor.postprocess(image, *outputs.row(0), topk=TOP, sure=sure)
    if image.pixels_HWC is None or not prediction.ok:
        return why_no_answer(item.filename, prediction.error_kind, prediction.error or "")
    return Answer(
        replace(prediction, sure=None, group=None),
        model,
        predictor.manifest.labels,
        f"{classifier.engine} on {classifier.device}, {classifier.precision}",
        replace(classifier.spec, sure=None),
        image.pixels_HWC,
        _seen_of(image.thumbnail, classifier),
        opened - started,
        ended - opened,
        promise_sentence(predictor.calibration, prediction.top[0].prob) if predictor.calibration else None,
        prediction if prediction.sure is not None else None,
    )


def has_groups(classifier: Classifier) -> bool:
    """Whether a model's labels have groups."""
    try:
        return bool(classifier.predictor.hierarchy)
    except UsageError:
        return False


def _seen_of(thumbnail: NDArray[np.uint8] | None, classifier: Classifier) -> Box:
    if thumbnail is None:
        return 0.0, 0.0, 1.0, 1.0
    height, width = thumbnail.shape[:2]
    left, top, right, bottom = crop_box((height, width), classifier.preprocessing)
    return left / width, top / height, right / width, bottom / height
