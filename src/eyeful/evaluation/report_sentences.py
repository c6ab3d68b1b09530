"""What the numbers of an evaluation mean, in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eyeful.evaluation.diagrams import place_of
from eyeful.evaluation.metrics import Answered, Bin, fits_of
from eyeful.wording import counted_percent, percent

_BELIEF = (
    (0.03, "Yes, closely."),
    (0.07, "Yes, roughly."),
    (0.15, "Only as a rough guide."),
    (1.01, "Not as they stand."),
)
"""Up to which calibration error, in what words."""
_THRESHOLDS = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
_SURE = 0.8


def belief(ece: float, bins: Sequence[Bin]) -> str:
    """Whether probabilities can be believed, as far as so many images can show."""
    fits, of = fits_of(bins), sum(one.images for one in bins)
    if fits is None:
        return f"{of:,} image{' is' if of == 1 else 's are'} too few to say."
    if fits:
        return f"Yes, as far as {of:,} images can show."
    return next(answer for most, answer in _BELIEF if ece < most)


def leaning(bins: Sequence[Bin]) -> str:
    """In which direction the probabilities are off."""
    of = sum(one.images for one in bins)
    gap = sum(
        one.images * (one.right - one.prob) for one in bins if one.prob is not None and one.right is not None
    )
    if not of or abs(gap / of) < 0.02:
        return "about as often too low as too high"
    return "mostly too low" if gap > 0 else "mostly too high"


def example(bins: Sequence[Bin]) -> str:
    """The bin that is off most, over all its images, as a sentence; empty where no bin has 5 images."""
    off = [
        (one.images * abs(one.right - one.prob), one)
        for one in bins
        if one.images >= 5 and one.prob is not None and one.right is not None
    ]
    if not off:
        return ""
    _, worst = max(off, key=lambda pair: pair[0])
    right = round((worst.right or 0) * worst.images)
    return (
        f"Of its {worst.images:,} answers with {worst.low:.0%} to {worst.high:.0%}, {right:,} "
        f"{'is' if right == 1 else 'are'} right: {counted_percent(worst.right or 0)}."
    )


def thresholds(points: Sequence[Answered]) -> list[Answered]:
    """A few points of a risk-coverage curve: all answers, then ever fewer."""
    if not points:
        return []
    places = [len(points) - 1, *(place_of(points, least) for least in _THRESHOLDS)]
    found = sorted({place for place in places if place is not None}, reverse=True)
    return [points[place] for place in found]


def when_sure(points: Sequence[Answered]) -> Answered | None:
    """The point of a curve that stands for "when sure"; None where no answer is."""
    place = place_of(points, _SURE)
    return None if place is None else points[place]


def winner(against: Mapping[str, Any], model: str) -> str:
    """Which of two models is better, as a heading."""
    this, other = against["only_this"], against["only_other"]
    if against["p_value"] >= 0.05:
        return f"No clear difference from {against['model']}"
    return f"{model if this > other else against['model']} is better"


def chance(against: Mapping[str, Any]) -> str:
    """What a p-value says, and how sure it is that the difference is none of chance."""
    p = against["p_value"]
    if against["only_this"] == against["only_other"]:
        return "Each is right alone on as many images as the other."
    shown = f"p = {p:.2g}" if p >= 0.0001 else "p < 0.0001"
    if p < 0.001:
        often = "in fewer than 1 of 1,000 such comparisons"
    elif p < 0.01:
        often = "in fewer than 1 of 100 such comparisons"
    else:
        often = f"in {round(100 * p)} of 100 such comparisons"
    end = "." if p < 0.05 else ", too often to call one of them better."
    return f"Two equally good models would differ at least as much {often} ({shown}){end}"


def separation(auroc: float) -> str:
    """How well probabilities tell known images from outsiders."""
    how = (
        "well" if auroc >= 0.95 else "fairly well" if auroc >= 0.85 else "only a little" if auroc >= 0.6 else "not"
    )
    return (
        f"Its probability tells them apart {how}: of an image that it should know and an outsider, the one it "
        f"should know has the higher probability in {percent(auroc)} of all pairs (50% would be guessing; AUROC "
        f"{auroc:.2f})."
    )


def truth_words(truth: str) -> str:
    """Where the right labels are from, as part of a sentence."""
    known = {"folders": "the names of the folders", "names": "the names of the files"}
    return known.get(truth, truth)
