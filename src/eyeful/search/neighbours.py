"""The nearest vectors and the most alike pairs: exact, by NumPy alone, in bounded memory.

A matrix product in float32 finds all that may be among the nearest, whatever its rounding; their cosines are then
computed again in float64 and rounded to six decimals, below which vectors of float32 say nothing. Equal cosines
stand in the order of the vectors.

N vectors of length D, M queries; the vectors may be memory-mapped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eyeful.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Places = NDArray[np.intp]

DECIMALS = 6
"""Of a cosine, in answers and in comparisons."""
_STRIP = 1 << 24
"""Products in memory at once: 64 MB of float32."""
_PIECE = 1 << 22
"""Products that are compared at once: where all are alike, each needs some more bytes."""
_MANY = 1 << 17
"""Pairs from which on a matrix product in float64 is cheaper than one pair after the other."""
_ROWS = 4096
"""Vectors that are converted to float64 at once: 42 MB of length 1,280."""


def nearest(
    vector_ND: NDArray[np.float32], query_MD: NDArray[np.float32], k: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The k vectors nearest to each query, by cosine, the nearest first; equal ones by position.

    Args:
        vector_ND: float32 (N, D), each of unit length.
        query_MD: float32 (M, D), the same.
        k: how many of each; of fewer vectors, all.

    Returns:
        Positions and cosines, both (M, min(k, N)); cosines are float64 of six decimals, -1 to 1.

    Raises:
        UsageError: the arrays do not fit each other, or k is below 1.
    """
    _check(vector_ND, query_MD, k)
    k = min(k, len(vector_ND))
    index_MK, cosine_MK = np.empty((len(query_MD), k), np.intp), np.empty((len(query_MD), k))
    margin = 2 * _rounding(vector_ND.shape[1])
    at_once = max(1, _STRIP // max(len(vector_ND), 1))
    for first in range(0, len(query_MD) if k else 0, at_once):
        query_BD = query_MD[first : first + at_once]
        for place, product_N in enumerate(_products(query_BD, vector_ND), first):
            candidates = np.flatnonzero(product_N >= _nth_largest(product_N, k) - margin)
            cosines = _cosines(vector_ND, candidates, query_MD[place])
            best = np.argsort(-cosines, kind="stable")[:k]
            index_MK[place], cosine_MK[place] = candidates[best], cosines[best]
    return index_MK, cosine_MK


def nearest_pairs(
    vector_ND: NDArray[np.float32], n: int, on_rows: Callable[[int], None] = lambda _: None
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The n most alike pairs of different positions, by cosine, the most alike first; equal ones by position.

    Every pair is looked at; of 100,000 vectors that takes minutes.

    Args:
        vector_ND: float32 (N, D), each of unit length.
        n: how many; of fewer pairs, all.
        on_rows: called with the number of vectors that were compared with all behind them, for progress.

    Returns:
        Positions (P, 2), the smaller first, and cosines (P,), as `nearest` gives them; P is n or all pairs.

    Raises:
        UsageError: the array is none of vectors, or n is below 1.
    """
    _check(vector_ND, vector_ND, n)
    best = _BestPairs(n)
    for first, last in _strips(len(vector_ND)):
        rows_BD, behind_ND = vector_ND[first:last], vector_ND[first:]
        product_BN = _products(rows_BD, behind_ND)
        product_BN[np.tril_indices(last - first)] = -np.inf
        at_once = max(1, _PIECE // len(behind_ND))
        for row in range(0, last - first, at_once):
            if best.least == 1:
                return best.pair_P2, best.cosine_P  # nothing is more alike, and all that comes stands behind
            piece = slice(row, row + at_once)
            places, cosines = _alike(rows_BD[piece], behind_ND, product_BN[piece], best)
            best.add(np.add(places, (first + row, first)), cosines)
        on_rows(last - first)
    return best.pair_P2, best.cosine_P


class _BestPairs:
    """The n best pairs so far. They are added in order, so that of equal ones the first are held.

    Attributes:
        pair_P2: their positions.
        cosine_P: their cosines, the largest first.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self.pair_P2, self.cosine_P = np.empty((0, 2), np.intp), np.empty(0)

    @property
    def least(self) -> float:
        """A pair must be more alike than this to be one of them."""
        return float(self.cosine_P[-1]) if len(self.cosine_P) == self.n else -np.inf

    def add(self, pair_P2: Places, cosine_P: NDArray[np.float64]) -> None:
        """Take more pairs, which stand behind all that were taken before."""
        cosine_P = np.concatenate([self.cosine_P, cosine_P])
        best = np.argsort(-cosine_P, kind="stable")[: self.n]
        self.pair_P2, self.cosine_P = np.concatenate([self.pair_P2, pair_P2])[best], cosine_P[best]


def _strips(images: int) -> Iterator[tuple[int, int]]:
    """Where strips of rows begin and end; the fewer vectors are behind them, the more rows they have."""
    first = 0
    while first < images - 1:
        last = min(images, first + max(1, _STRIP // (images - first)))
        yield first, last
        first = last


def _alike(
    rows_BD: NDArray[np.float32],
    behind_ND: NDArray[np.float32],
    product_BN: NDArray[np.float32],
    best: _BestPairs,
) -> tuple[Places, NDArray[np.float64]]:
    """Row and column (P, 2) and cosines of all pairs that may be among the best, in order."""
    margin = _rounding(rows_BD.shape[1])
    least = best.least - margin
    if least == -np.inf:
        least = max(_nth_largest(product_BN.ravel(), best.n) - 2 * margin, -2.0)  # a pair with itself is -inf
    row, column = _at_least(product_BN, least)
    if len(row) > max(best.n, _MANY):
        least = max(least, _nth_largest(product_BN[row, column], best.n) - 2 * margin)
        row, column = _at_least(product_BN, least)
    cosine_of = _by_product if len(row) > _MANY else _by_pair
    return np.stack([row, column], axis=1), cosine_of(rows_BD, behind_ND, row, column)


def _at_least(product_BN: NDArray[np.float32], least: float) -> tuple[Places, Places]:
    """Rows and columns of the products that are so large, in order; most rows hold none."""
    rows = np.flatnonzero(product_BN.max(axis=1) >= least)
    place, column = np.nonzero(product_BN[rows] >= least)
    return rows[place], column


def _nth_largest(values: NDArray[np.float32], n: int) -> float:
    """The n-th largest value; the smallest of fewer."""
    place = len(values) - min(n, len(values))
    return float(np.partition(values, place)[place])


def _products(rows_BD: NDArray[np.float32], vector_ND: NDArray[np.float32]) -> NDArray[np.float32]:
    """All products of rows and vectors, float32 (B, N)."""
    return np.asarray(rows_BD @ vector_ND.T)


def _cosines(vector_ND: NDArray[np.float32], places: Places, query_D: NDArray[np.float32]) -> NDArray[np.float64]:
    """The cosines of some vectors with a query."""
    query, starts = query_D.astype(np.float64), range(0, len(places), _ROWS)
    parts = [vector_ND[places[one : one + _ROWS]].astype(np.float64) @ query for one in starts]
    return _rounded(np.concatenate(parts))


def _by_pair(
    rows_BD: NDArray[np.float32], behind_ND: NDArray[np.float32], row: Places, column: Places
) -> NDArray[np.float64]:
    """The cosines of few pairs, each by itself."""
    found = np.empty(len(row))
    for one in range(0, len(row), _ROWS):
        pairs = slice(one, one + _ROWS)
        left_PD, right_PD = rows_BD[row[pairs]].astype(np.float64), behind_ND[column[pairs]].astype(np.float64)
        found[pairs] = np.einsum("pd,pd->p", left_PD, right_PD)
    return _rounded(found)


def _by_product(
    rows_BD: NDArray[np.float32], behind_ND: NDArray[np.float32], row: Places, column: Places
) -> NDArray[np.float64]:
    """The cosines of many pairs, from the product of everything in float64."""
    left_BD, found = rows_BD.astype(np.float64), np.empty(len(row))
    for one in range(0, len(behind_ND), _ROWS):
        product = left_BD @ behind_ND[one : one + _ROWS].astype(np.float64).T
        asked = np.flatnonzero((column >= one) & (column < one + _ROWS))
        found[asked] = product[row[asked], column[asked] - one]
    return _rounded(found)


def _rounded(cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(np.round(cosines, DECIMALS), -1, 1) + 0.0  # without -0.0


def _rounding(length: int) -> float:
    """The most that the product of two unit vectors in float32 may differ from their cosine as it is rounded.

    D times the unit roundoff bounds it in any order of summation (Higham, Accuracy and Stability of Numerical
    Algorithms, 2002, section 3.1); that unit lengths are such of float32 is in the factor.
    """
    return 1.01 * (length + 2) * float(np.finfo(np.float32).eps) / 2 + 10.0**-DECIMALS


def _check(vector_ND: NDArray[np.float32], query_MD: NDArray[np.float32], number: int) -> None:
    if number < 1:
        raise UsageError(f"{number} is no number of images: 1 or more")
    for name, array in (("the vectors are", vector_ND), ("the queries are", query_MD)):
        if array.ndim != 2 or array.dtype != np.float32:
            raise UsageError(f"{name} {array.dtype} {array.shape}, not float32 (N, D)")
    if vector_ND.shape[1] != query_MD.shape[1]:
        raise UsageError(
            f"the vectors have {vector_ND.shape[1]} numbers, the queries {query_MD.shape[1]}: two models made them"
        )
