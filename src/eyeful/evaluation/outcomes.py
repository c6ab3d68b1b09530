"""What the metrics need of many judged images, in one pass: arrays of 46 bytes an image, and names of few."""

from __future__ import annotations

import heapq
import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from eyeful.evaluation.judged import Judged
from eyeful.types import NONE_OF_THESE

EXAMPLES = 8
SUSPICIOUS = 50
_LEAST = 1e-30

Named = tuple[float, str, int, int]
"""A wrong answer: its probability, the image's filename, the truth's number, the answer's position."""
Doubted = tuple[float, str, int, int, float]
"""A truth that looks wrong: how many times as probable the answer is, the rest as above, the probability last."""
_Wrong = TypeVar("_Wrong", Named, Doubted)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """When a truth looks wrong: an answer other than "none of these" is much more probable.

    Attributes:
        prob: the least probability of the answer.
        right_prob: the most of the right labels together.
        times: the least that the answer's is, in times theirs.
    """

    prob: float = 0.5
    right_prob: float = 0.01
    times: float = 1.0


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
        suspicious: the truths that look wrong, at most 50; first those that an answer exceeds the most times.
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
    suspicious: list[Doubted]

    def __len__(self) -> int:
        return len(self.rank)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether a right label comes first."""
        return np.equal(self.rank, 1)


def outcomes_of(judged: Iterable[Judged], suspicion: Suspicion = Suspicion()) -> Outcomes:
    """Reads the images once; none is held."""
    columns = {name: array(kind) for name, kind in _KINDS.items()}
    append: list[Callable[[Any], None]] = [column.append for column in columns.values()]
    numbers: dict[tuple[int, ...], int] = {}
    errors: Counter[str] = Counter()
    examples: defaultdict[tuple[int, int], list[Named]] = defaultdict(list)
    suspicious: list[Doubted] = []
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
                doubt = _doubt(one, truth, suspicion)
                if doubt is not None:
                    _hold(suspicious, doubt, SUSPICIOUS)
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


def _doubt(one: Judged, truth: int, suspicion: Suspicion) -> Doubted | None:
    """What speaks against the truth of a wrongly answered image; None where it is too little."""
    best = next((score for score in one.top if score.label != NONE_OF_THESE), None)
    right_prob = _right_prob_at_most(one)
    if best is None or best.prob < suspicion.prob or right_prob > suspicion.right_prob:
        return None
    times = best.prob / max(right_prob, _LEAST)
    if best.index in one.right or times < suspicion.times:
        return None
    return times, one.filename, truth, best.index, best.prob


def _right_prob_at_most(one: Judged) -> float:
    """The right labels' probabilities together, or the most they can be: one not ranked is at most the last."""
    if one.right_prob is not None:
        return one.right_prob
    ranked = [score.prob for score in one.top if score.index in one.right]
    return sum(ranked) + (len(one.right) - len(ranked)) * one.top[-1].prob


def _hold(wrong: list[_Wrong], one: _Wrong, most: int) -> None:
    """Adds to a heap that holds only the surest."""
    if len(wrong) < most:
        heapq.heappush(wrong, one)
    else:
        heapq.heappushpop(wrong, one)


def _surest(wrong: Named | Doubted) -> tuple[float, str]:
    return -wrong[0], wrong[1]
