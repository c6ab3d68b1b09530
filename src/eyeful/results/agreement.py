"""Two lists of predictions for the same images, compared."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eyeful.results.rank import probabilities, top_k
from eyeful.types import Prediction

_WORST = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """One image on which two paths differ."""

    filename: str
    reference: str
    found: str
    delta: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well one path's answers agree with the reference's.

    Attributes:
        images: compared; those that are errors in both paths are left out.
        errors: images that are an error in one path only.
        top1: share with the same best label, 0 to 1.
        topk: share with the same set of k best labels.
        mean_delta, max_delta: |Δprob| of the reference's best label.
        worst: the images with the largest |Δprob|, those with another label first.
    """

    images: int
    errors: int
    top1: float
    topk: float
    mean_delta: float
    max_delta: float
    worst: tuple[Difference, ...]


def compare(reference: Sequence[Prediction], found: Sequence[Prediction], k: int = 5) -> Agreement:
    """Compare predictions for the same inputs, pair by pair.

    Raises:
        ValueError: they are not for the same inputs.
    """
    top1, topk, differences, errors = 0, 0, [], 0
    for one, other in zip(reference, found, strict=True):
        if one.logits is None or other.logits is None:
            errors += one.ok != other.ok
            continue
        best = one.top[0]
        probs_K = probabilities(other.logits, other.activation, other.temperature)
        delta = abs(best.prob - float(probs_K[best.index]))
        top1 += best.index == other.top[0].index
        topk += set(top_k(one.logits, k)) == set(top_k(other.logits, k))
        differences.append(Difference(one.filename, best.label, other.top[0].label, delta))
    count = len(differences)
    worst = sorted(differences, key=lambda d: (d.reference == d.found, -d.delta))[:_WORST]
    deltas = np.array([difference.delta for difference in differences] or [0.0])
    return Agreement(
        count,
        errors,
        top1 / max(count, 1),
        topk / max(count, 1),
        float(deltas.mean()),
        float(deltas.max()),
        tuple(worst),
    )
