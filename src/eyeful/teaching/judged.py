"""Answers to labelled images → an evaluation, as `eyeful evaluate` makes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eyeful.evaluation.judge import Judge
from eyeful.evaluation.outcomes import Suspicion
from eyeful.evaluation.result import Evaluation, evaluation_of
from eyeful.results import rank
from eyeful.teaching.interval import cross_validated_share
from eyeful.types import Labels, Prediction

_SUSPICION = Suspicion(prob=0.0, right_prob=1.0, times=4.0)
"""Heads that were taught few images, some of them under a wrong label, are never as sure as a whole network."""


@dataclass(frozen=True, slots=True)
class KnownLabels:
    """A truth that is known by name of each image; see `evaluation.truth.Truth`.

    Attributes:
        how: where it is from.
        label_of: the label's position, by filename.
        names: the labels'.
    """

    how: str
    label_of: Mapping[str, int]
    names: Sequence[str]

    def right(self, filename: str) -> tuple[int, ...]:
        """The label."""
        return (self.label_of[filename],)

    def named(self, filename: str) -> str:
        """Its name."""
        return self.names[self.label_of[filename]]


def evaluation_of_rows(
    rows: Iterable[Prediction], truth: KnownLabels, labels: Labels, provenance: Mapping[str, Any]
) -> Evaluation:
    """The evaluation of answers.

    Args:
        rows: with their logits, or errors.
        truth: knows all of their filenames.
        labels: the K + 1 of the taught model.
        provenance: what determines the answers, with the model's title.
    """
    judge = Judge(truth, labels)
    return evaluation_of(
        judge.judged(rows),
        labels,
        model=str(provenance["model"]),
        provenance=provenance,
        truth=truth.how,
        suspicion=_SUSPICION,
    )


def cross_validated(
    filenames: Sequence[str],
    logits_NK: NDArray[np.float32],
    truth: KnownLabels,
    labels: Labels,
    *,
    provenance: Mapping[str, Any],
    folds: int,
) -> Evaluation:
    """The evaluation of out-of-fold answers.

    The interval of `top1` is about new images: see `cross_validated_share`.

    Args:
        filenames: of the images.
        logits_NK: float32 (N, K + 1), of each by a head that did not know it.
        truth: as for `evaluation_of_rows`.
        labels: the same.
        provenance: the same.
        folds: how many there were.
    """
    found = evaluation_of_rows(_rows(filenames, logits_NK, labels), truth, labels, provenance)
    return replace(found, top1=cross_validated_share(found.top1.right, found.top1.of, folds))


def _rows(filenames: Sequence[str], logits_NK: NDArray[np.float32], labels: Labels) -> Iterator[Prediction]:
    for filename, logits_K in zip(filenames, logits_NK, strict=True):
        yield Prediction(filename, rank(logits_K, labels, len(labels)), logits=logits_K)
