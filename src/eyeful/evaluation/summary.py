"""What an evaluation found, as plain sentences for a terminal: each names its numbers, and none claims more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eyeful.evaluation.compare import Against
from eyeful.evaluation.confusions import FEWEST, ClassShare, Confusion, Distance, Suspicious
from eyeful.evaluation.group_answers import GroupAnswers
from eyeful.evaluation.metrics import Answered, Bin, Share, TopK, ece_of, fits_of, share_of
from eyeful.evaluation.outsiders import Outsiders
from eyeful.evaluation.unmatched import Unmatched
from eyeful.wording import counted_images, counted_percent, error_label, percent

SHOWN = 3


def right_sentences(top1: Share, topk: TopK) -> list[str]:
    """How often it is right."""
    if top1.share is None:
        return ["No image is scored: of none are both an answer and a right label known."]
    sentences = [f"{counted_percent(top1.share)} right: {_of(top1)}."]
    if topk.share is not None and topk.k > 1:
        sentences.append(
            f"A right label is among the {topk.k} best for {counted_percent(topk.share)}: {_of(topk)}."
        )
    return sentences


def belief_sentences(bins: tuple[Bin, ...], top1: Share, nll: float | None, brier: float | None) -> list[str]:
    """Whether its probabilities can be believed, and on how many images that stands."""
    ece, fits = ece_of(bins), fits_of(bins)
    if ece is None or top1.share is None:
        return []
    said = sum(one.images * one.prob for one in bins if one.prob is not None) / top1.of
    found = (
        f"they are {counted_percent(said)} on average, and {counted_percent(top1.share)} of the answers are right"
    )
    if fits is None:
        few = "is" if top1.of == 1 else "are"
        sentence = (
            f"{counted_images(top1.of)} {few} too few to say whether its probabilities can be believed: {found}."
        )
    elif fits:
        sentence = f"Its probabilities fit, as far as {counted_images(top1.of)} can show: {found} (ECE {ece:.3f})."
    else:
        wrong = "too high" if said > top1.share else "too low"
        if abs(said - top1.share) < ece / 2:
            wrong = "too high for some answers and too low for others"
        sentence = f"Its probabilities are {wrong}: {found} (ECE {ece:.3f} from {counted_images(top1.of)})."
    if nll is None or brier is None:
        return [sentence, "NLL and Brier score are not known: they need the share of every label."]
    return [sentence, f"NLL {nll:.3f}, Brier score {brier:.3f}."]


def threshold_sentences(curve: tuple[Answered, ...]) -> list[str]:
    """What answering only when sure would give."""
    half = next((one for one in curve if one.share >= 0.5), None)
    if half is None or half.share > 0.9 or curve[-1].wrong == 0:
        return []
    right = share_of(half.answered - half.wrong, half.answered)
    return [f"The surest {counted_percent(half.share)}, of {percent(half.prob)} or more: {_right(right)}."]


def answered_sentences(answered: Share | None, scored: int) -> list[str]:
    """What the threshold that was set gives: `--min-prob`, or a calibration's."""
    if answered is None:
        return []
    return [f"Labels that are not said to be unsure: {_answers(answered.of, answered.right, scored)}."]


def class_sentences(classes: tuple[ClassShare, ...], scored: int) -> list[str]:
    """The labels that are worst."""
    if not classes:
        return [f"No label has {FEWEST} images, so none is judged alone."] if scored else []
    worst = worst_of(classes)
    return [f"Worst: {worst}." if worst else f"Every label with {FEWEST} images or more is always right."]


def worst_of(classes: tuple[ClassShare, ...]) -> str:
    """The first labels that are not always right, as a list; empty where all are."""
    worst = [one for one in classes if one.top1.right < one.images][:SHOWN]
    return ", ".join(f"{one.label} ({one.top1.right} of {one.images} right)" for one in worst)


def confusion_sentences(confusions: tuple[Confusion, ...], distance: Distance | None) -> list[str]:
    """What is taken for what, and how far off that is."""
    sentences = []
    if confusions:
        often = confusions[0].images > 1
        named = ", ".join(
            f"{one.label} called {one.answer}{f' ({one.images})' if often else ''}" for one in confusions[:SHOWN]
        )
        sentences.append(f"{'Most frequent mistakes' if often else 'Some mistakes'}: {named}.")
    if distance is not None:
        near = sum(images for steps, images in distance.counts.items() if steps <= 1)
        sentences.append(
            f"A wrong answer is {distance.mean:.1f} steps of WordNet off on average; "
            f"{near} of {sum(distance.counts.values())} are next to the right label."
        )
    return sentences


def none_sentences(none: tuple[Confusion, ...] | None, scored: int) -> list[str]:
    """How many images of a label were taken for none of these, and of which labels."""
    if none is None or not scored:
        return []
    number = sum(one.images for one in none)
    named = ", ".join(f"{one.label} {one.images}" for one in none[:SHOWN])
    was = "was" if number == 1 else "were"
    return [
        f"{number:,} of {counted_images(scored)} {was} taken for none of these{f' ({named})' if named else ''}."
    ]


def suspicious_sentences(suspicious: tuple[Suspicious, ...]) -> list[str]:
    """The truths to look at first."""
    if not suspicious:
        return []
    named = ", ".join(
        f"{one.filename} ({one.label}? {one.answer} {counted_percent(one.prob)})" for one in suspicious[:SHOWN]
    )
    return [f"Look at these first, the given label may be wrong: {named}{_more(suspicious)}."]


def group_sentences(groups: GroupAnswers | None) -> list[str]:
    """Groups beside labels alone."""
    if groups is None or not groups.of:
        return []
    alone = groups.labels_alone
    by_group = _answers(groups.answered, groups.right, groups.of)
    by_label = _answers(alone.answered, alone.right, groups.of)
    return [
        f"Answers that are {groups.sure:.0%} sure, with groups: {by_group}.",
        f"With labels alone: {by_label}.",
    ]


def against_sentences(against: Against | None) -> list[str]:
    """Which of two models is better, if that can be said."""
    if against is None:
        return []
    if against.top1.share is None:
        return [f"{against.model} scored none of the same images."]
    p = f"p {'<' if against.p_value < 0.0001 else '='} {max(against.p_value, 0.0001):.2g}"
    better = "this model" if against.only_this > against.only_other else against.model
    chance = against.p_value >= 0.05
    verdict = f"that may be chance ({p})" if chance else f"{better} is better by more than chance ({p})"
    times = f"{_times(against.only_this)}, only {against.model} {_times(against.only_other)}"
    return [
        f"{against.model}: {counted_percent(against.top1.share)} right: {_of(against.top1)}.",
        f"Only this model is right {times}: {verdict}.",
    ]


def outsider_sentences(outsiders: Outsiders | None) -> list[str]:
    """What images of no label get."""
    if outsiders is None or not outsiders.images:
        return []
    half = next(one for one in outsiders.answered_at if one.prob == 0.5)
    images = counted_images(outsiders.images)
    sentence = f"{half.answered} of {images} of no label get an answer of 50% or more"
    if outsiders.none_of_these is not None:
        told = f"{outsiders.none_of_these} of {images} of no label are rightly none of these"
        sentence = f"{told}, and {half.answered} get a label with 50% or more"
    if outsiders.auroc is not None:
        pairs = counted_percent(outsiders.auroc)
        sentence += f"; a scored image is surer than one of no label in {pairs} of pairs (AUROC)"
    return [f"{sentence}."]


def unscored_sentences(
    images: int, scored: int, errors: Mapping[str, int], unmatched: Sequence[Unmatched]
) -> list[str]:
    """What is not in these numbers."""
    sentences = []
    for one in unmatched[:SHOWN]:
        nearest = f" (most like it: {one.nearest})" if one.nearest else ""
        which = f"of {one.name}, which is no label{nearest}"
        if one.name.startswith("("):  # there is no name: this says why
            which = one.name
        sentences.append(f"Not scored: {counted_images(one.images)} {which}.")
    if len(unmatched) > SHOWN:
        rest = sum(one.images for one in unmatched[SHOWN:])
        sentences.append(
            f"Not scored: {counted_images(rest)} of {len(unmatched) - SHOWN} other names that are no label."
        )
    if errors:
        kinds = ", ".join(f"{n:,} {error_label(kind)}" for kind, n in errors.items())
        sentences.append(f"Not scored: {counted_images(sum(errors.values()))} without an answer ({kinds}).")
    other = images - scored - sum(errors.values())
    if other > 0 and not unmatched:
        sentences.append(f"Not scored: {counted_images(other)} without a known right label.")
    return sentences


def _between(share: Share | TopK) -> str:
    return f"between {counted_percent(share.low)} and {counted_percent(share.high)} with 95% confidence"


def _of(share: Share | TopK) -> str:
    return f"{share.right:,} of {counted_images(share.of)}, {_between(share)}"


def _right(share: Share) -> str:
    return f"{counted_percent(share.share or 0)} right, {_between(share)}"


def _answers(answered: int, right: int, of: int) -> str:
    if answered == 0:
        return f"none of {counted_images(of)}"
    return f"{counted_percent(answered / of)} of {counted_images(of)}, {_right(share_of(right, answered))}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"


def _more(found: Sequence[object]) -> str:
    return f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
