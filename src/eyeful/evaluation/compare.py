"""Two models on the same images: which differences are more than chance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from eyeful.evaluation.metrics import Share, share_of
from eyeful.evaluation.outcomes import Outcomes


@dataclass(frozen=True, slots=True)
class Against:
    """The other model, on the images that both scored.

    Attributes:
        model: the other model's name.
        images: how many both scored.
        both_right: how many both named right.
        only_this: how many only this model did.
        only_other: how many only the other did.
        both_wrong: how many neither did.
        p_value: how often chance alone would make two equally good models differ at least as much (exact McNemar).
        top1: the other model's share of right answers on these images.
    """

    model: str
    images: int
    both_right: int
    only_this: int
    only_other: int
    both_wrong: int
    p_value: float
    top1: Share


def mcnemar(only_this: int, only_other: int) -> float:
    """The exact two-sided p-value of McNemar's test: a fair coin for each image that only one got right."""
    tosses, fewer = only_this + only_other, min(only_this, only_other)
    if only_this == only_other:
        return 1.0
    heads = np.arange(1, fewer + 1)
    log_choose = np.concatenate(([0.0], np.cumsum(np.log((tosses - heads + 1) / heads))))
    largest = float(log_choose[-1])
    log_tail = largest + math.log(float(np.exp(log_choose - largest).sum())) - tosses * math.log(2)
    return min(1.0, 2 * math.exp(log_tail))


def against_of(model: str, this: Outcomes, other: Outcomes) -> Against:
    """Pairs the images of both by their names; a name that comes twice counts once."""
    _, mine, its = np.intersect1d(this.name, other.name, return_indices=True)
    right, other_right = this.right[mine], other.right[its]
    only_this, only_other = int((right & ~other_right).sum()), int((~right & other_right).sum())
    return Against(
        model=model,
        images=len(mine),
        both_right=int((right & other_right).sum()),
        only_this=only_this,
        only_other=only_other,
        both_wrong=int((~right & ~other_right).sum()),
        p_value=mcnemar(only_this, only_other),
        top1=share_of(int(other_right.sum()), len(mine)),
    )
