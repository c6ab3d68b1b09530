"""What a model says to images of which no label is right: whether it, or its probabilities, tell them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eyeful.evaluation.judged import Judged
from eyeful.types import Labels

THRESHOLDS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
LABELS = 50


@dataclass(frozen=True, slots=True)
class AnsweredOutsiders:
    """How many outsiders get a label with at least this probability: every one of them is wrong.

    Attributes:
        prob: the threshold.
        answered: how many images reach it.
        share: that, of all outsiders.
    """

    prob: float
    answered: int
    share: float


@dataclass(frozen=True, slots=True)
class LabelCount:
    """So many images got this label.

    Attributes:
        label: its name.
        images: how many.
    """

    label: str
    images: int


@dataclass(frozen=True, slots=True)
class Outsiders:
    """What images of no label get.

    Attributes:
        images: how many, without errors.
        none_of_these: how many are answered so, which is right; None where a model cannot say so.
        answered_at: by threshold.
        labels: the labels they get, most first, at most 50.
        auroc: how often a scored image's best probability is above an outsider's, equal ones counted half: 1 tells
            them apart, 0.5 not at all. None without scored images. That of "none of these" counts as 0.
    """

    images: int
    none_of_these: int | None
    answered_at: tuple[AnsweredOutsiders, ...]
    labels: tuple[LabelCount, ...]
    auroc: float | None


def outsiders_of(judged: Iterable[Judged], labels: Labels, known_N: NDArray[np.float64]) -> Outsiders:
    """Reads the outsiders once. `known_N`: the best probabilities of the scored images, 0 for "none of these"."""
    none = labels.none_of_these
    counts: Counter[int] = Counter()
    probs: list[float] = []
    for one in judged:
        if one.error_kind is None and one.top:
            counts[one.top[0].index] += 1
            if one.top[0].index != none:
                probs.append(one.top[0].prob)
    of, told = counts.total(), None if none is None else counts.pop(none, 0)
    prob_M = np.sort(np.array(probs, dtype=np.float64))
    reach = [len(probs) - int(np.searchsorted(prob_M, low)) for low in THRESHOLDS]
    ranked = sorted(counts.items(), key=lambda one: (-one[1], labels.names[one[0]], one[0]))
    return Outsiders(
        images=of,
        none_of_these=told,
        answered_at=tuple(
            AnsweredOutsiders(low, n, n / of) for low, n in zip(THRESHOLDS, reach, strict=True) if of
        ),
        labels=tuple(LabelCount(labels.names[index], n) for index, n in ranked[:LABELS]),
        auroc=_auroc(known_N, np.pad(prob_M, (of - len(probs), 0))),
    )


def _auroc(known_N: NDArray[np.float64], sorted_M: NDArray[np.float64]) -> float | None:
    if not known_N.size or not sorted_M.size:
        return None
    below = np.searchsorted(sorted_M, known_N, side="left").sum(dtype=np.float64)
    at_most = np.searchsorted(sorted_M, known_N, side="right").sum(dtype=np.float64)
    return float((below + at_most) / 2 / (known_N.size * sorted_M.size))
