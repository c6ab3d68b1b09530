"""Which labels are hard, what is taken for what, how far off that is, and which truths look wrong themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eyeful.evaluation.metrics import Share, share_of
from eyeful.evaluation.outcomes import Outcomes
from eyeful.types import NONE_OF_THESE, Labels

FEWEST = 5
CONFUSIONS = 100
Names = Mapping[tuple[int, ...], str]
"""What people call a set of right labels, as sorted positions."""
Steps = Callable[[int, int], int | None]
"""How many nodes it is up from a label to the nearest that holds another too; None where one is not known."""


@dataclass(frozen=True, slots=True)
class ClassShare:
    """The images of one truth: a label, or several of which each is right ("dog").

    Attributes:
        label: what it is called.
        wnid: its WordNet id; None without one.
        images: how many scored images, 5 or more: of fewer a share says nothing.
        top1: how many of them got a right label first.
    """

    label: str
    wnid: str | None
    images: int
    top1: Share


@dataclass(frozen=True, slots=True)
class Confusion:
    """So many images of `label` were called `answer`, which may be "none of these".

    Attributes:
        label: the truth.
        answer: the best label.
        images: how many.
        examples: filenames of the surest of them, at most 8.
    """

    label: str
    answer: str
    images: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Distance:
    """How far wrong answers are from the right label, in nodes of WordNet up to the nearest that holds both.

    Attributes:
        mean: over the wrong answers that the tree knows.
        counts: how many images, by steps.
    """

    mean: float
    counts: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Suspicious:
    """A wrong answer so much more probable than the truth that the truth may be the mistake: see `Suspicion`.

    Attributes:
        filename: the image's.
        label: the truth.
        answer: the best label, other than "none of these".
        prob: its probability.
    """

    filename: str
    label: str
    answer: str
    prob: float


def truth_names(outcomes: Outcomes, labels: Labels, names: Names) -> list[str]:
    """Each truth as people call it: its own name, else its labels'."""
    return [names.get(right) or _joined(right, labels) for right in outcomes.truths]


def classes_of(outcomes: Outcomes, labels: Labels, truths: list[str]) -> tuple[ClassShare, ...]:
    """Worst first; of equal shares the one with more images first."""
    images = np.bincount(outcomes.truth, minlength=len(truths))
    right = np.bincount(outcomes.truth[outcomes.right], minlength=len(truths))
    found = [
        ClassShare(
            truths[n], _wnid(outcomes.truths[n], labels), int(images[n]), share_of(int(right[n]), int(images[n]))
        )
        for n in np.flatnonzero(images >= FEWEST)
    ]
    return tuple(sorted(found, key=lambda one: (one.top1.share, -one.images, one.label, one.wnid or "")))


def confusions_of(outcomes: Outcomes, labels: Labels, truths: list[str]) -> tuple[Confusion, ...]:
    """Pairs of labels, most first; at most 100."""
    found = _confusions(outcomes, labels, truths)
    return tuple(one for one in found if one.answer != NONE_OF_THESE)[:CONFUSIONS]


def none_of_these_of(outcomes: Outcomes, labels: Labels, truths: list[str]) -> tuple[Confusion, ...] | None:
    """What was taken for none of the labels, by its label, most first; None where a model cannot say so."""
    if labels.none_of_these is None:
        return None
    return tuple(one for one in _confusions(outcomes, labels, truths) if one.answer == NONE_OF_THESE)


def _confusions(outcomes: Outcomes, labels: Labels, truths: list[str]) -> list[Confusion]:
    found = [
        Confusion(
            truths[truth],
            labels.names[answer],
            images,
            tuple(name for _, name, *_ in outcomes.examples[truth, answer]),
        )
        for truth, answer, images in _wrong_pairs(outcomes)
    ]
    return sorted(found, key=lambda one: (-one.images, one.label, one.answer, one.examples))


def distance_of(outcomes: Outcomes, steps: Steps) -> Distance | None:
    """To the nearest of several right labels. None where the tree knows no wrong answer."""
    counts: Counter[int] = Counter()
    for truth, answer, images in _wrong_pairs(outcomes):
        known = [up for label in outcomes.truths[truth] if (up := steps(label, answer)) is not None]
        if known:
            counts[min(known)] += images
    if not counts:
        return None
    mean = sum(up * images for up, images in counts.items()) / counts.total()
    return Distance(mean, dict(sorted(counts.items())))


def suspicious_of(outcomes: Outcomes, labels: Labels, truths: list[str]) -> tuple[Suspicious, ...]:
    """First those that the answer exceeds the most times; at most 50."""
    return tuple(
        Suspicious(filename, truths[truth], labels.names[answer], prob)
        for _, filename, truth, answer, prob in outcomes.suspicious
    )


def _wrong_pairs(outcomes: Outcomes) -> list[tuple[int, int, int]]:
    """(truth, answer, images) of the wrong answers."""
    wrong = ~outcomes.right
    codes: NDArray[np.int64] = outcomes.truth[wrong].astype(np.int64) << 32 | outcomes.answer[wrong]
    pairs, images = np.unique(codes, return_counts=True)
    return [(int(pair >> 32), int(pair & 0xFFFFFFFF), int(n)) for pair, n in zip(pairs, images, strict=True)]


def _joined(right: tuple[int, ...], labels: Labels) -> str:
    names = list(dict.fromkeys(labels.names[index] for index in right))
    return " or ".join(names if len(names) <= 3 else [*names[:2], f"{len(names) - 2} more"])


def _wnid(right: tuple[int, ...], labels: Labels) -> str | None:
    wnids = {labels.wnids[index] for index in right}
    return wnids.pop() if len(wnids) == 1 else None
