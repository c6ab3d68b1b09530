"""How often a model is right, and how far its probabilities can be believed: plain NumPy.

right_N   bool, whether a right label came first      prob_N   float64, the best label's probability
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_Z = NormalDist().inv_cdf(0.975)
_SMALLEST = float(np.finfo(np.float64).eps)
BINS = 15
POINTS = 200
FEWEST_FOR_CURVES = 30
"""Of fewer judged answers neither an ECE nor a risk-coverage curve says anything."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with a Wilson interval that holds the true share in about 95 of 100 such samples.

    Attributes:
        right: how many images.
        of: of how many.
        share: right / of; None of no images.
        low: where the interval begins, 0 to 1.
        high: where it ends.
    """

    right: int
    of: int
    share: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class TopK:
    """How often a right label is among the k best.

    Attributes:
        k: how many of the best labels count.
        right: as in `Share`, and so for the rest.
        of: of how many.
        share: right / of.
        low: where the interval begins.
        high: where it ends.
    """

    k: int
    right: int
    of: int
    share: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """The images whose best probability is at least `low` and below `high`; the last bin holds 1 too.

    Attributes:
        low: the least best probability.
        high: the first one above.
        images: how many.
        prob: their mean best probability; None of no images.
        right: the share of them that is right; None of no images.
    """

    low: float
    high: float
    images: int
    prob: float | None
    right: float | None


@dataclass(frozen=True, slots=True)
class Answered:
    """What happens if only images with at least this probability are answered.

    Attributes:
        prob: the threshold.
        answered: how many images reach it.
        share: that, of all scored images.
        wrong: how many of the answered ones are wrong: a number of images.
    """

    prob: float
    answered: int
    share: float
    wrong: int


def share_of(right: int, of: int) -> Share:
    """A share with its interval. Of no images nothing is known: from 0 to 1."""
    if of == 0:
        return Share(0, 0, None, 0.0, 1.0)
    return Share(right, of, right / of, *wilson(right / of, of))


def wilson(share: float, of: float) -> tuple[float, float]:
    """Wilson's interval of a share of so many."""
    middle = (share + _Z**2 / (2 * of)) / (1 + _Z**2 / of)
    half = _Z / (1 + _Z**2 / of) * math.sqrt(share * (1 - share) / of + _Z**2 / (4 * of**2))
    return 0.0 if share == 0 else middle - half, 1.0 if share == 1 else middle + half


def topk_of(rank_N: NDArray[np.int32], k: int) -> TopK:
    """`rank_N`: where the first right label stands, from 1; 0 where nowhere in the first k."""
    share = share_of(int(((rank_N > 0) & (rank_N <= k)).sum()), len(rank_N))
    return TopK(k, share.right, share.of, share.share, share.low, share.high)


def nll_of(right_prob_N: NDArray[np.float64]) -> float | None:
    """The mean of -ln(probability of the right label), in nats; 0 counts as 2.2e-16, or one image would decide.

    None of no images, or where one is not known (NaN).
    """
    if not right_prob_N.size or np.isnan(right_prob_N).any():
        return None
    return float(-np.log(np.clip(right_prob_N, _SMALLEST, 1.0)).mean())


def brier_of(brier_N: NDArray[np.float64]) -> float | None:
    """The mean squared distance from the right answer over all labels, 0 to 2. None as in `nll_of`."""
    return None if not brier_N.size or np.isnan(brier_N).any() else float(brier_N.mean())


def bins_of(prob_N: NDArray[np.float64], right_N: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """A reliability diagram: 15 bins of equal width."""
    edges = np.linspace(0.0, 1.0, BINS + 1)
    which = np.clip(np.searchsorted(edges, prob_N, side="right") - 1, 0, BINS - 1)
    images = np.bincount(which, minlength=BINS)
    prob = np.bincount(which, weights=prob_N, minlength=BINS)
    right = np.bincount(which, weights=right_N, minlength=BINS)
    return tuple(
        Bin(float(low), float(high), int(n), float(p / n) if n else None, float(r / n) if n else None)
        for low, high, n, p, r in zip(edges[:-1], edges[1:], images, prob, right, strict=True)
    )


def ece_of(bins: Sequence[Bin]) -> float | None:
    """By how much probability and share of right answers differ, averaged over images. None of no images."""
    of = sum(one.images for one in bins)
    gaps = (
        one.images * abs(one.prob - one.right) for one in bins if one.prob is not None and one.right is not None
    )
    return sum(gaps) / of if of else None


def chance_of(bins: Sequence[Bin]) -> float | None:
    """The ECE that so many images would show, roughly, if every probability were true. None of no images."""
    of = sum(one.images for one in bins)
    gaps = (
        math.sqrt(2 / math.pi * one.images * one.prob * (1 - one.prob)) for one in bins if one.prob is not None
    )
    return sum(gaps) / of if of else None


def fits_of(bins: Sequence[Bin]) -> bool | None:
    """Whether the probabilities fit, as far as so many images can show; None of fewer than 30.

    They do where their ECE is no more than twice what chance gives, and their mean is in the interval of the share
    that is right.
    """
    ece, chance = ece_of(bins), chance_of(bins)
    known = [(one.images, one.prob, one.right) for one in bins if one.prob is not None and one.right is not None]
    of = sum(images for images, _, _ in known)
    if ece is None or chance is None or of < FEWEST_FOR_CURVES:
        return None
    said = sum(images * prob for images, prob, _ in known) / of
    right = share_of(round(sum(images * right for images, _, right in known)), of)
    return ece <= 2 * chance and right.low <= said <= right.high


def risk_coverage_of(prob_N: NDArray[np.float64], right_N: NDArray[np.bool_]) -> tuple[Answered, ...]:
    """From the highest threshold to the one that answers all images; at most 200, evenly spread over them."""
    of = len(prob_N)
    if of == 0:
        return ()
    order = np.argsort(-prob_N, kind="stable")
    prob, wrong = prob_N[order], np.cumsum(~right_N[order])
    ends = np.flatnonzero(np.append(prob[1:] != prob[:-1], True))  # equal probabilities are answered together
    if len(ends) > POINTS:
        wanted = np.linspace(ends[0], of - 1, POINTS)
        ends = np.unique(ends[np.searchsorted(ends, wanted)])
    return tuple(Answered(float(prob[end]), int(end) + 1, float((end + 1) / of), int(wrong[end])) for end in ends)
