"""The temperature: the one number that the logits are divided by, so that probabilities fit what is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

LEAST, MOST = 1 / 8, 8.0
"""The temperatures that are looked at: where every image is right, the best would be 0."""
_GRID = 13
_CLOSE = 1e-4
_GOLDEN = (5**0.5 - 1) / 2


def fit_temperature(logits_NK: NDArray[np.float32], right: Sequence[tuple[int, ...]]) -> float:
    """The temperature with the least mean negative log-likelihood of the right labels (Guo et al., 2017).

    Where several labels of an image are right, their probabilities are added. The minimum is looked for on a grid
    and then by golden-section search, which also finds it where several labels make it one of two.

    Args:
        logits_NK: float32.
        right: the positions of each image's right labels, one at least.

    Returns:
        T, from 1/8 to 8, to four digits.
    """
    shifted_NK = logits_NK - logits_NK.max(axis=1, keepdims=True)
    of = np.repeat(np.arange(len(right)), [len(one) for one in right])
    begins = np.flatnonzero(np.diff(of, prepend=-1))
    right_logits = shifted_NK[of, np.concatenate([np.array(one) for one in right])]

    def loss(log_temperature: float) -> float:
        scale = np.float32(np.exp(-log_temperature))
        all_N = np.log(np.exp(shifted_NK * scale).sum(axis=1, dtype=np.float64))
        right_N = np.logaddexp.reduceat(right_logits.astype(np.float64) * float(scale), begins)
        return float((all_N - right_N).mean())

    grid = np.linspace(np.log(LEAST), np.log(MOST), _GRID)
    best = int(np.argmin([loss(one) for one in grid]))
    log_temperature = _minimum(loss, grid[max(best - 1, 0)], grid[min(best + 1, _GRID - 1)])
    return float(f"{np.exp(log_temperature):.4g}")


def _minimum(loss: Callable[[float], float], low: float, high: float) -> float:
    """Where a function of one number is least between two, by golden-section search."""
    inner, outer = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_inner, at_outer = loss(inner), loss(outer)
    while high - low > _CLOSE:
        if at_inner <= at_outer:
            high, outer, at_outer = outer, inner, at_inner
            inner = high - _GOLDEN * (high - low)
            at_inner = loss(inner)
        else:
            low, inner, at_inner = inner, outer, at_outer
            outer = low + _GOLDEN * (high - low)
            at_outer = loss(outer)
    return (low + high) / 2
