"""Answers with groups, beside answers with a label or nothing."""

from __future__ import annotations

from dataclasses import dataclass

from eyeful.evaluation.outcomes import Outcomes


@dataclass(frozen=True, slots=True)
class LabelsAlone:
    """What a label or nothing gives, where the best label has to hold as much of the probability as a group.

    Attributes:
        answered: how many images got the label.
        right: how many of these are right.
    """

    answered: int
    right: int


@dataclass(frozen=True, slots=True)
class GroupAnswers:
    """Answers with the most specific group that holds enough of the probability.

    Attributes:
        sure: the share of the probability that a group had to hold.
        answered: how many images got a group.
        right: how many of these groups hold a right label.
        of: the scored images.
        labels_alone: the same with labels only.
    """

    sure: float
    answered: int
    right: int
    of: int
    labels_alone: LabelsAlone


def group_answers_of(outcomes: Outcomes, sure: float) -> GroupAnswers:
    """Counts both; `sure` is what the groups of these images had to hold."""
    sure_enough = outcomes.prob >= sure
    return GroupAnswers(
        sure=sure,
        answered=int((outcomes.group >= 0).sum()),
        right=int((outcomes.group > 0).sum()),
        of=len(outcomes),
        labels_alone=LabelsAlone(int(sure_enough.sum()), int((sure_enough & outcomes.right).sum())),
    )
