"""Answers beside what is right: what a row holds of it, and what the metrics read."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eyeful.errors import UsageError
from eyeful.evaluation.judged import Judged
from eyeful.evaluation.label_names import hierarchy_or_none
from eyeful.evaluation.result import Unmatched
from eyeful.filenames import printable
from eyeful.results import probabilities

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from eyeful.evaluation.label_names import LabelNames
    from eyeful.evaluation.truth import Truth
    from eyeful.types import Labels, Prediction

COLUMNS = ("right", "rank", "right_prob", "brier")
"""What an evaluated row's `columns` hold beside what the list said of the image."""
_MOST_UNMATCHED = 1000
"""Names that are told apart; those of more are counted under one."""
_ROUNDED = 1e-3
"""How far the sum of probabilities may be from 1."""


class Judge:
    """Knows what is right.

    Args:
        truth: for each image.
        labels: the model's.
        sure: the share that a group must hold; None without groups.
        shares: probabilities are shares of one whole, not each label's by itself (sigmoid).

    Attributes:
        called: what several right labels are called together, as met so far.
        unscored: how many images each name that means no label has, as met so far.
    """

    def __init__(self, truth: Truth, labels: Labels, sure: float | None = None, *, shares: bool = True) -> None:
        self._truth = truth
        self._labels = labels
        self._sure = sure
        self._shares = shares
        self.hierarchy = hierarchy_or_none(labels)
        self.called: dict[tuple[int, ...], str] = {}
        self.unscored: Counter[str] = Counter()

    def noted(self, prediction: Prediction, most: int) -> Prediction:
        """A prediction as a row of an evaluation: its columns say what is right, and what of it was answered.

        Args:
            prediction: with its logits, or with all labels in its `top`.
            most: labels that the row shall have.
        """
        right = self._truth.right(prediction.filename)
        columns: dict[str, Any] = {"right": list(right)}
        probs_K = self._probs_of(prediction)
        if prediction.ok and prediction.sure is None and probs_K is not None:
            prediction = self._grouped(prediction, probs_K)
        if right and probs_K is not None:
            columns |= _figures(prediction, probs_K, right)
        columns = {**(prediction.columns or {}), **columns}
        return replace(prediction, top=prediction.top[:most], columns=columns)

    def regrouped(self, rows: Iterable[Prediction]) -> Iterator[Prediction]:
        """Rows with the groups that hold `sure`, whatever groups they had.

        Raises:
            UsageError: a row has not every label's probability.
        """
        for row in rows:
            probs_K = self._probs_of(row)
            if row.ok and probs_K is None:
                raise UsageError(
                    f"groups for sure {self._sure:g} need every label's probability, and the rows have "
                    f"{len(row.top)} of {len(self._labels):,}: evaluate the images, or rows of `predict --sure "
                    f"{self._sure:g}`"
                )
            yield row if probs_K is None else self._grouped(row, probs_K)

    def judged(self, rows: Iterable[Prediction]) -> Iterator[Judged]:
        """Each row, judged: by what it says itself, if that is of the same truth, or by the labels that it has."""
        for row in rows:
            yield self._judged(row)

    def unmatched(self, names: LabelNames) -> tuple[Unmatched, ...]:
        """What is called like no label, the most images first; complete when all rows were judged."""
        return tuple(Unmatched(name, images, names.nearest(name)) for name, images in self.unscored.most_common())

    def _judged(self, row: Prediction) -> Judged:
        right = self._truth.right(row.filename)
        self._check_labels(row)
        if not row.ok:
            return Judged(row.filename, right, error_kind=row.error_kind, error=row.error)
        if not right:
            name = self._truth.named(row.filename)
            others = len(self.unscored) >= _MOST_UNMATCHED and name not in self.unscored
            self.unscored["others" if others else name] += 1
        elif len(right) > 1:
            self.called.setdefault(tuple(sorted(right)), self._truth.named(row.filename))
        found = _own_figures(row, right)
        if found is None and right:
            probs_K = self._probs_of(row)
            found = _figures(row, probs_K, right) if probs_K is not None else self._figures_of_top(row, right)
        group_right = None
        if row.group is not None and self.hierarchy is not None:
            group_right = any(self.hierarchy.holds(row.group, index) for index in right)
        return Judged(
            row.filename,
            right,
            row.top,
            row.abstained,
            **(found or {}),
            group=row.group,
            group_right=group_right,
        )

    def _grouped(self, prediction: Prediction, probs_K: NDArray[np.float32]) -> Prediction:
        if self._sure is None or self.hierarchy is None:
            return prediction
        return replace(prediction, sure=self._sure, group=self.hierarchy.group(probs_K, self._sure))

    def _check_labels(self, row: Prediction) -> None:
        """See that a row's labels are the model's: those of another would be judged by their places.

        Raises:
            UsageError: they are not.
        """
        for score in row.top:
            known = self._labels.names[score.index] if score.index < len(self._labels) else None
            if score.label != known:
                said = "has no such label" if known is None else f"calls it {printable(known)}"
                raise UsageError(
                    f"the row of {printable(row.filename)} is another model's: its label {score.index} is "
                    f"{printable(score.label)}, and this one {said}"
                )

    def _figures_of_top(self, row: Prediction, right: tuple[int, ...]) -> dict[str, Any]:
        """What can be known from the best labels alone."""
        places = [place for place, score in enumerate(row.top, 1) if score.index in right]
        probs = [score.prob for score in row.top if score.index in right]
        known = self._shares and len(probs) == len(right)
        return {"rank": min(places, default=None), "right_prob": sum(probs) if known else None}

    def _probs_of(self, prediction: Prediction) -> NDArray[np.float32] | None:
        """Every label's probability, float32 (K,); None where they are not all known."""
        if prediction.logits is not None:
            return probabilities(prediction.logits, prediction.activation, prediction.temperature)
        if len(prediction.top) != len(self._labels) or not prediction.top:
            return None
        probs_K = np.empty(len(self._labels), np.float32)
        probs_K[[score.index for score in prediction.top]] = [score.prob for score in prediction.top]
        return probs_K


def _figures(prediction: Prediction, probs_K: NDArray[np.float32], right: tuple[int, ...]) -> dict[str, Any]:
    """Rank, probability of the right labels and Brier score, where every probability is known."""
    score_K = probs_K if prediction.logits is None else prediction.logits
    best = min(right, key=lambda index: (-float(score_K[index]), index))
    ahead = int((score_K > score_K[best]).sum()) + int((score_K[:best] == score_K[best]).sum())
    if abs(float(probs_K.sum(dtype=np.float64)) - 1) > _ROUNDED:  # each label by itself: there are no shares
        return {"rank": ahead + 1, "right_prob": None, "brier": None}
    exact_K = probs_K.astype(np.float64)
    chosen = list(right)
    right_prob = float(exact_K[chosen].sum())
    brier = (1 - right_prob) ** 2 + float((exact_K**2).sum() - (exact_K[chosen] ** 2).sum())
    return {"rank": ahead + 1, "right_prob": _digits(right_prob), "brier": _digits(brier)}


def _own_figures(row: Prediction, right: tuple[int, ...]) -> dict[str, Any] | None:
    """What an evaluation has written into a row; None where that was of another truth, or there is nothing."""
    found: dict[str, Any] = {}
    for name in COLUMNS:
        value = (row.columns or {}).get(name)
        if isinstance(value, str):  # as Parquet has it
            with suppress(ValueError):
                value = json.loads(value)
        found[name] = value
    rank = found["rank"]
    if found.pop("right") != list(right) or type(rank) is not int or rank < 1:
        return None
    best = next((place for place, score in enumerate(row.top, 1) if score.index in right), None)
    if best != (rank if rank <= len(row.top) else None):  # somebody has changed the one or the other
        return None
    return found if all(_is_share(found[name], most) for name, most in (("right_prob", 1), ("brier", 2))) else None


def _is_share(value: Any, most: float) -> bool:
    """Whether it is a number that can be: a sum of roundings may be a little more than it should."""
    return value is None or (isinstance(value, int | float) and 0 <= value <= most + _ROUNDED)


def _digits(number: float) -> float:
    """To the seven digits that float32 holds, as rows have numbers."""
    return float(f"{number:.7g}")
