"""Evaluations to report, small and large, with everything in them or nearly nothing."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from eyeful.evaluation.judged import Judged
from eyeful.evaluation.result import Unmatched, evaluation_of
from eyeful.types import Group, Labels
from judging import judged_of, labels_of, probs_of

MANIFEST = {"model": "fake", "engine": "torch", "input": {"size": [224, 224]}}


def some(images: int, labels: Labels, seed: int = 0, filenames=None, spread: float = 2.0) -> list[Judged]:
    """Noise that leans to the right label; of every fifth label, to the next one."""
    random = np.random.default_rng(seed)
    classes = len(labels)
    right = random.integers(0, classes, images)
    logits = random.normal(0, spread, (images, classes))
    logits[np.arange(images), np.where(right % 5 == 4, (right + 1) % classes, right)] += 3 * spread
    return judged_of(probs_of(logits), right[:, None], labels, filenames=filenames)


def whole(labels: Labels | None = None, filenames=None, **more: Any) -> Mapping[str, Any]:
    """An evaluation of 400 images in which every part of a report has something to show."""
    labels = labels or labels_of(20)
    images = len(filenames or range(400))
    judged = some(images, labels, filenames=filenames)
    named = [group_of(one) for one in judged]
    broken = Judged("broken.jpg", right=(0,), error_kind="truncated", error="cut off")
    asked = {
        "model": "fake",
        "provenance": MANIFEST,
        "truth": "folders",
        "unmatched": [Unmatched("dgo", 3, "dog"), Unmatched("misc", 1, None)],
        "sure": 0.8,
        "steps": lambda a, b: abs(a - b),
        "against": ("other", some(images, labels, 1, filenames, 1.0)),
        "outsiders": some(60, labels, 2, spread=0.5),
        "seconds": 12.5,
        "images_per_second": 32.0,
    }
    return evaluation_of([*named, broken], labels, **asked | more).to_dict()


def group_of(one: Judged) -> Judged:
    """The same with a group, where its best probability is above a half."""
    best = one.top[0]
    if best.prob < 0.5:
        return one
    return replace(one, group=Group("a group", None, best.prob, 3), group_right=one.rank == 1)


def bare(images: int = 9, classes: int = 2) -> Mapping[str, Any]:
    """An evaluation with nothing that was not asked for."""
    labels = labels_of(classes)
    return evaluation_of(some(images, labels), labels, model="fake", provenance=MANIFEST, truth="names").to_dict()
