"""What the metrics need of many judged images, in one pass: arrays of 46 bytes an image, and names of few."""

from __future__ import annotations

import heapq
import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eyeful.evaluation.judged import Judged

EXAMPLES = 8
SUSPICIOUS = 50
_SURE, _TINY = 0.5, 0.01

Named = tuple[float, str, int, int]
"""A wrong answer: its probability, the image's filename, the truth's number, the answer's position."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """The scored images: those without an error whose right labels are known. Arrays have one value for each.

    Attributes:
        truths: the sets of right labels that occur, as sorted positions; `truth` counts in these.
        name: uint64, a digest of the filename.
        truth: int32, number of the set of right labels.   answer: int32, position of the best label.
        rank: int32, where the first right label stands; 0 where it is not known or nowhere.
        prob: float64, the best label's probability.
        right_prob, brier: float64; NaN where not known.
        group: int8, 1 for a right group, 0 for a wrong one, -1 without one.
        abstained: int8, 1 where the answer was "unsure".
        shortest: the fewest ranked labels of an image whose right label is not among them; None without one.
        images: of all, scored or not.
        errors: how many of each kind.
        examples: the surest wrong answers of each (truth, answer), at most 8.
        suspicious: the surest wrong answers that give the right labels next to nothing, at most 50.
    """

    truths: tuple[tuple[int, ...], ...]
    name: NDArray[np.uint64]
    truth: NDArray[np.int32]
    answer: NDArray[np.int32]
    rank: NDArray[np.int32]
    prob: NDArray[np.float64]
    right_prob: NDArray[np.float64]
    brier: NDArray[np.float64]
    group: NDArray[np.int8]
    abstained: NDArray[np.int8]
    shortest: int | None
    images: int
    errors: Counter[str]
    examples: dict[tuple[int, int], list[Named]]
    suspicious: list[Named]

    def __len__(self) -> int:
        return len(self.rank)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether a right label comes first."""
        return np.equal(self.rank, 1)


def outcomes_of(judged: Iterable[Judged]) -> Outcomes:
    """Reads the images once; none is held."""
    columns = {name: array(kind) for name, kind in _KINDS.items()}
    append: list[Callable[[Any], None]] = [column.append for column in columns.values()]
    numbers: dict[tuple[int, ...], int] = {}
    errors: Counter[str] = Counter()
    examples: defaultdict[tuple[int, int], list[Named]] = defaultdict(list)
    suspicious: list[Named] = []
    shortest: int | None = None
    images = 0
    for one in judged:
        images += 1
        if one.error_kind is not None:
            errors[one.error_kind] += 1
        elif one.right and one.top:
            truth = numbers.setdefault(tuple(sorted(set(one.right))), len(numbers))
            best = one.top[0]
            for add, value in zip(append, _values(one, truth), strict=True):
                add(value)
            if one.rank is None:
                shortest = min(shortest or len(one.top), len(one.top))
            if one.rank != 1:
                wrong = (best.prob, one.filename, truth, best.index)
                _hold(examples[truth, best.index], wrong, EXAMPLES)
                if best.prob >= _SURE and _right_prob_at_most(one) <= _TINY:
                    _hold(suspicious, wrong, SUSPICIOUS)
    arrays: dict[str, Any] = {name: np.frombuffer(column, column.typecode) for name, column in columns.items()}
    return Outcomes(
        tuple(numbers),
        **arrays,
        shortest=shortest,
        images=images,
        errors=errors,
        examples={pair: sorted(wrong, key=_surest) for pair, wrong in examples.items()},
        suspicious=sorted(suspicious, key=_surest),
    )


_KINDS = {
    "name": "Q",
    "truth": "i",
    "answer": "i",
    "rank": "i",
    "prob": "d",
    "right_prob": "d",
    "brier": "d",
    "group": "b",
    "abstained": "b",
}


def _values(one: Judged, truth: int) -> tuple[float, ...]:
    """In the order of `_KINDS`."""
    digest = blake2b(one.filename.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return (
        int.from_bytes(digest),
        truth,
        one.top[0].index,
        one.rank or 0,
        one.top[0].prob,
        math.nan if one.right_prob is None else one.right_prob,
        math.nan if one.brier is None else one.brier,
        -1 if one.group is None else bool(one.group_right),
        one.abstained,
    )


def _right_prob_at_most(one: Judged) -> float:
    """The right labels' probabilities together, or the most they can be: one not ranked is at most the last."""
    if one.right_prob is not None:
        return one.right_prob
    ranked = [score.prob for score in one.top if score.index in one.right]
    return sum(ranked) + (len(one.right) - len(ranked)) * one.top[-1].prob


def _hold(wrong: list[Named], one: Named, most: int) -> None:
    """Adds to a heap that holds only the surest."""
    if len(wrong) < most:
        heapq.heappush(wrong, one)
    else:
        heapq.heappushpop(wrong, one)


def _surest(wrong: Named) -> tuple[float, str]:
    return -wrong[0], wrong[1]
