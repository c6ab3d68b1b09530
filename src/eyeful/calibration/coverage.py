"""The promise about prediction sets: split conformal with the score 1 - prob (LAC: Sadinle et al., 2019)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from eyeful.results import Coverage

if TYPE_CHECKING:
    from numpy.typing import NDArray


def images_for_coverage(at_least: float) -> int:
    """How many judged images such a promise needs at least; with fewer, every set would hold all labels."""
    return math.ceil(round(at_least / (1 - at_least), 9))


def conformal_coverage(right_probs_N: NDArray[np.float32], at_least: float) -> Coverage | None:
    """The threshold of the sets; over the choice of the images, their coverage is at least that on average.

    Args:
        right_probs_N: the probability of each image's right label; of the best one, where several are.
        at_least: the share of sets that hold a right label, above 0 and below 1.

    Returns:
        the promise; None where the images are too few for one.
    """
    count = len(right_probs_N)
    place = math.ceil(round((count + 1) * at_least, 9))  # of the score, from the smallest
    if place > count:
        return None
    return Coverage(at_least, float(np.sort(right_probs_N)[count - place]), count)
