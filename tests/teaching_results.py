"""What teaching found, to be reported: made of noise that leans to the right label."""

from pathlib import Path

import numpy as np

from eyeful.evaluation.result import Evaluation, evaluation_of
from eyeful.teaching.labelled import Labelled
from eyeful.teaching.result import Taught
from eyeful.types import NONE_OF_THESE, Item, Labels
from helpers import noise_image
from judging import judged_of, probs_of

NAMES = ("bird", "dog", "food", "other mammal", "vehicle")
ACCURACY = {"right": 91, "of": 100, "share": 0.91, "low": 0.82, "high": 0.96}


def labelled_of(
    names: tuple[str, ...] = NAMES, images: int = 20, pattern: str = "{label}/{number}.jpg"
) -> Labelled:
    """So many images of each label, made of noise."""
    items = [
        Item(pattern.format(label=label, number=number), noise_image(number, 40, 30))
        for label in names
        for number in range(images)
    ]
    return Labelled(items, names, [place for place in range(len(names)) for _ in range(images)])


def evaluation_of_labelled(labelled: Labelled, seed: int = 0) -> Evaluation:
    """About 9 of 10 answers are right; of the others, some are sure, and some are none of these."""
    random = np.random.default_rng(seed)
    right_N, images, labels = np.array(labelled.label_N), len(labelled), len(labelled.labels) + 1
    logits = random.normal(0, 1.5, (images, labels))
    logits[np.arange(images), right_N] += 8
    wrong_N = np.flatnonzero(random.random(images) < 0.1)
    logits[wrong_N] = random.normal(0, 1, (len(wrong_N), labels))
    logits[wrong_N, random.integers(0, labels, len(wrong_N))] += 12
    known = Labels((*labelled.labels, NONE_OF_THESE), (None,) * labels)
    judged = judged_of(
        probs_of(logits), right_N[:, None], known, labels, [item.filename for item in labelled.items]
    )
    return evaluation_of(judged, known, model="fake", provenance={"model": "fake"}, truth="folders")


def taught_of(labelled: Labelled, *, test: bool = False, outsiders: bool = False, **changed: object) -> Taught:
    """What `teach` would give."""
    values = {
        "model": f"fake taught {len(labelled.labels)} labels",
        "output": Path("mymodel"),
        "labels": labelled.labels,
        "images_of": labelled.images_of,
        "left_out": {"in no folder of a label": 3, "truncated": 1},
        "near_copies": 2,
        "cross_validated": evaluation_of_labelled(labelled),
        "false_alarms": 0.052,
        "test": evaluation_of_labelled(labelled, 1) if test else None,
        "outsiders": {"images": 200, "flagged": 191} if outsiders else None,
        "manifest": {"accuracy": ACCURACY},
    }
    return Taught(**values | changed)
