"""The promise about answers: a threshold above which at most a share of them is wrong, with a stated certainty.

A share that is merely counted among the answered images breaks its promise in about half of all draws of images:
the threshold was chosen for it. Here a threshold must pass an exact binomial test, on images that had no part in
choosing which thresholds are tested in which order. Such a fixed sequence needs no correction for the number of
its tests (Angelopoulos et al., 2021, "Learn then Test").
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from eyeful.results import Risk

if TYPE_CHECKING:
    from numpy.typing import NDArray

DELTA = 0.1
"""The chance that the promise about answers is broken."""
_CANDIDATES = 100
_MOST_NEEDED = 100_000


@lru_cache(maxsize=65536)
def binomial_tail(wrong: int, answered: int, risk: float) -> float:
    """The chance of so few wrong ones among the answered, or fewer, if a share `risk` of all answers is wrong."""
    k = np.arange(1, wrong + 1)
    odds = math.log(risk) - math.log1p(-risk)
    logs = np.concatenate([[0.0], np.cumsum(np.log((answered - k + 1) / k) + odds)])
    return float(np.exp(logs + answered * math.log1p(-risk)).sum())


def passes(wrong: int, answered: int, risk: float, delta: float) -> bool:
    """Whether so few wrong answers show, at that certainty, that at most a share `risk` of all is wrong."""
    if not answered or wrong > risk * answered:  # a quick no: the test never passes there for a delta below 0.5
        return False
    return binomial_tail(wrong, answered, risk) <= delta


def needs(risk: float, delta: float = DELTA, share_wrong: float = 0.0) -> int | None:
    """How many answered images the test needs, if that share of them is wrong; None where no number is enough."""
    if share_wrong >= risk:
        return None
    high = 1
    while not passes(math.ceil(share_wrong * high), high, risk, delta):
        high *= 2
        if high > _MOST_NEEDED:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        if passes(math.ceil(share_wrong * middle), middle, risk, delta):
            high = middle
        else:
            low = middle
    return high


def control_risk(
    chosen_with: tuple[NDArray[np.float32], NDArray[np.bool_]],
    judged: tuple[NDArray[np.float32], NDArray[np.bool_]],
    at_most: float,
    delta: float = DELTA,
) -> Risk:
    """The lowest threshold for which the promise can be given, or what it would need.

    The first half says which thresholds to test, and where to begin: where its own images speak most clearly for
    the promise. From there downwards each is tested on the other half, until one fails.

    Args:
        chosen_with: of the first half of the images: the best probability of each, and whether its label is right.
        judged: the same of the other half.
        at_most: the largest share of wrong answers, above 0 and below 1.
        delta: the chance that the promise is broken.
    """
    before_N, was_right_N = chosen_with
    probs_N, right_N = judged
    thresholds = _candidates(before_N)
    first = _first(thresholds, before_N, was_right_N, at_most)
    found: Risk | None = None
    for threshold in thresholds[first:]:
        answered, wrong = _counts(threshold, probs_N, right_N)
        if not passes(wrong, answered, at_most, delta):
            break
        found = Risk(at_most, delta, float(threshold), len(probs_N), answered, wrong)
    if found is not None:
        return found
    both = np.concatenate([before_N, probs_N]), np.concatenate([was_right_N, right_N])
    return Risk(at_most, delta, None, len(probs_N), needs=_needed(thresholds, *both, at_most, delta))


def _candidates(probs_N: NDArray[np.float32]) -> NDArray[np.float32]:
    """Thresholds to test, the strictest first: quantiles of the best probabilities, and 0, for all answers."""
    ordered = np.sort(probs_N)[::-1]
    places = np.unique(np.linspace(0, len(ordered) - 1, min(_CANDIDATES, len(ordered))).astype(int))
    return np.unique(np.append(ordered[places], np.float32(0)))[::-1]


def _first(
    thresholds: NDArray[np.float32], probs_N: NDArray[np.float32], right_N: NDArray[np.bool_], at_most: float
) -> int:
    """The place of the threshold at which these images speak most clearly for the promise."""
    chances = []
    for threshold in thresholds:
        answered, wrong = _counts(threshold, probs_N, right_N)
        chances.append(binomial_tail(wrong, answered, at_most) if wrong < at_most * answered else 1.0)
    return int(np.argmin(chances))


def _counts(threshold: float, probs_N: NDArray[np.float32], right_N: NDArray[np.bool_]) -> tuple[int, int]:
    """How many images are answered at a threshold, and how many of these wrongly."""
    answered_N = probs_N >= threshold
    return int(answered_N.sum()), int((answered_N & ~right_N).sum())


def _needed(
    thresholds: NDArray[np.float32],
    probs_N: NDArray[np.float32],
    right_N: NDArray[np.bool_],
    at_most: float,
    delta: float,
) -> int | None:
    """About how many images in all would do, half of which are judged, if more were like these."""
    found = []
    for threshold in thresholds:
        answered, wrong = _counts(threshold, probs_N, right_N)
        if not answered:
            continue
        # one wrong more than was seen: a few images without an error show no share of 0
        enough = needs(at_most, delta, (wrong + 1) / (answered + 1))
        if enough is not None:
            found.append(math.ceil(2 * enough * len(probs_N) / answered))
    return min(found, default=None)
