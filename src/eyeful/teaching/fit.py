"""Vectors and labels → a head, and what heads that did not know an image answer to it: NumPy and scikit-learn.

unit_ND   float32, of unit length      label_N   the labels' positions, 0 to K - 1
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eyeful.bundle.head import TaughtHead, unit_vectors
from eyeful.calibration.temperature import fit_temperature
from eyeful.cpu import usable_cores
from eyeful.extras import require
from eyeful.teaching.folds import folds_of

C = 30.0
"""Inverse strength of the regularisation, for vectors of unit length, as scikit-learn has it.

With 10, the share of new images lay in the interval of cross-validation 109 times of 120, with 30 114 times.
"""
FALSE_ALARMS = 0.05
"""The share of the labels' own images that are answered "none of these"."""
_STEEPEST, _FLATTEST, _SLOPES = 200.0, 2.0, 41
_ROUNDS = 5000


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A head, and how it was judged.

    Attributes:
        head: taught from all images.
        logits_NK: float32 (N, K + 1), of each image, by the head of its fold, which did not know it.
        temperature: what the logits of the regression were divided by.
        folds: how many there were.
    """

    head: TaughtHead
    logits_NK: NDArray[np.float32]
    temperature: float
    folds: int


class _Linear(NamedTuple):
    """A regression, and the mean vector of each label's images."""

    weight_KD: NDArray[np.float64]
    bias_K: NDArray[np.float64]
    mean_KD: NDArray[np.float32]


def fit(unit_ND: NDArray[np.float32], label_N: NDArray[np.intp], group_N: NDArray[np.intp]) -> Fitted:
    """Teach a head, and cross-validate it.

    Of what the heads of the folds answer to images that they did not know come: the temperature, by the
    likelihood of the right labels; `least_cosine`, of which 5 % of the images fall short; and `slope`, by the
    likelihood of the right labels among K + 1. A flat slope takes probability from every label, a steep one is
    surer of a false alarm than it should be; where the likelihood is greatest, the probabilities fit (an ECE of
    0.02 to 0.05 of new images, beside 0.15 to 0.24 with a slope of 10).

    The numbers depend on nothing but the arguments and their order.

    Args:
        unit_ND: N images.
        label_N: each of K labels has images in two groups or more.
        group_N: images of one group are in one fold: see `copies.groups_of`.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    require("sklearn", "teaching")
    from threadpoolctl import threadpool_limits

    labels = int(label_N.max()) + 1
    fold_N = folds_of(label_N, group_N)
    folds = int(fold_N.max()) + 1
    logits_NK = np.empty((len(label_N), labels), np.float32)
    nearest_N = np.empty(len(label_N), np.float32)

    def answer(fold: int) -> None:
        held = fold_N == fold
        part = _linear(unit_ND[~held], label_N[~held], labels)
        logits_NK[held] = unit_ND[held] @ part.weight_KD.T + part.bias_K
        nearest_N[held] = (unit_ND[held] @ part.mean_KD.T).max(axis=1)

    with threadpool_limits(1), ThreadPoolExecutor(usable_cores()) as threads:  # a sum in another order is another
        answered = threads.map(answer, range(folds))
        whole = _linear(unit_ND, label_N, labels)
        list(answered)
        temperature = fit_temperature(logits_NK, [(int(label),) for label in label_N])
        logits_NK /= np.float32(temperature)
        least_cosine = _least_cosine(nearest_N)
        slope = _slope(logits_NK, nearest_N, least_cosine, label_N)
    head = TaughtHead(
        (whole.weight_KD / temperature).astype(np.float32),
        (whole.bias_K / temperature).astype(np.float32),
        whole.mean_KD,
        least_cosine,
        slope,
    )
    return Fitted(head, _with_none(logits_NK, nearest_N, least_cosine, slope), temperature, folds)


def _linear(unit_ND: NDArray[np.float32], label_N: NDArray[np.intp], labels: int) -> _Linear:
    """Logistic regression, in the space that the images span: there are mostly fewer images than features.

    Each label weighs the same, however many images it has: with few images, those of the largest label would
    else be the answer to nearly all (taught half of 103 photographs of 5 kinds, 14 to 30 of a kind, 69 % of
    the other half were right without it, 72 % are with it; of 8 kinds, 7 to 30 of a kind, 48 % and 62 %).
    """
    from sklearn.linear_model import LogisticRegression

    exact_ND = unit_ND.astype(np.float64)
    basis_DR = None
    if len(exact_ND) < exact_ND.shape[1]:
        basis_DR = np.linalg.qr(exact_ND.T)[0]
        exact_ND = exact_ND @ basis_DR
    found = LogisticRegression(C=C, class_weight="balanced", max_iter=_ROUNDS, tol=1e-6).fit(exact_ND, label_N)
    weight_KD, bias_K = found.coef_, found.intercept_
    if labels == 2:  # one row, of the second label against the first
        weight_KD, bias_K = np.concatenate([-weight_KD, weight_KD]) / 2, np.concatenate([-bias_K, bias_K]) / 2
    if basis_DR is not None:
        weight_KD = weight_KD @ basis_DR.T
    means = np.stack([unit_ND[label_N == label].mean(axis=0, dtype=np.float64) for label in range(labels)])
    return _Linear(weight_KD, bias_K, unit_vectors(means.astype(np.float32)))


def _least_cosine(nearest_N: NDArray[np.float32]) -> float:
    """Between the cosines of two images, so that about 5 % are below it; of 10 images, none."""
    ordered = np.sort(nearest_N)
    below = round(FALSE_ALARMS * len(ordered))
    if below == 0:
        return float(ordered[0] - np.float32(1e-4))
    return float((ordered[below - 1] + ordered[below]) / 2)


def _slope(
    logits_NK: NDArray[np.float32], nearest_N: NDArray[np.float32], least_cosine: float, label_N: NDArray[np.intp]
) -> float:
    """The slope with the greatest likelihood of the right labels, of 41 from 2 to 200."""
    place = np.arange(len(label_N))
    losses = []
    slopes = np.geomspace(_FLATTEST, _STEEPEST, _SLOPES)
    for slope in slopes:
        shifted = _with_none(logits_NK, nearest_N, least_cosine, float(slope)).astype(np.float64)
        shifted -= shifted.max(axis=1, keepdims=True)
        losses.append(float((np.log(np.exp(shifted).sum(axis=1)) - shifted[place, label_N]).mean()))
    return float(f"{slopes[int(np.argmin(losses))]:.4g}")


def _with_none(
    logits_NK: NDArray[np.float32], nearest_N: NDArray[np.float32], least_cosine: float, slope: float
) -> NDArray[np.float32]:
    """The logits with that of "none of these", as `TaughtHead.logits` makes it."""
    short = np.float32(least_cosine) - nearest_N[:, None]
    return np.concatenate([logits_NK, logits_NK.max(axis=1, keepdims=True) + np.float32(slope) * short], axis=1)
