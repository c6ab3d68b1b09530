"""What teaching found, as plain sentences: the same in a terminal, a report and a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from eyeful.errors import ERROR_KINDS
from eyeful.evaluation.summary import class_sentences, confusion_sentences, suspicious_sentences
from eyeful.filenames import printable
from eyeful.wording import counted_images, counted_percent, error_label

if TYPE_CHECKING:
    from pathlib import Path

    from eyeful.evaluation.metrics import Share
    from eyeful.teaching.result import Taught

CROSS_VALIDATION = (
    "each image was answered by a layer that was taught without it, and without what is nearly the same image"
)
"""What the cross-validated accuracy stands on, as part of a sentence."""
INTERVAL = "Of as many new images, taken as these are, the share lies in the frame in 9 of 10 cases or more."
"""What the interval of the cross-validated accuracy means."""
NEW_LABELS = (
    "It notices images of another kind altogether: charts, pages of text, noise. A new label of the same kind, "
    "such as another animal among animals, it mostly does not notice: where we measured it, only 10 to 32% of "
    "such images were answered “none of these”. If such images will come, teach them as a label of their own."
)
"""The limit of "none of these"."""


ENOUGH = 20
"""Images of a label that are a good beginning."""


def summary_lines(taught: Taught) -> list[str]:
    """Plain sentences, the most important first."""
    found = taught.cross_validated
    tested = [] if taught.test is None else [_test_sentence(taught.test.top1)]
    sentences = [
        f"{_listed(taught.images_of)}: {counted_images(sum(taught.images_of.values()))}.",
        *left_out_sentences(taught.left_out, taught.near_copies),
        *more_images_sentences(taught.images_of),
        accuracy_sentence(taught.manifest["accuracy"]),
        *tested,
        *class_sentences(found.classes, found.scored),
        *confusion_sentences(found.confusions, None),
        *suspicious_sentences(found.suspicious),
        false_alarm_sentence(taught.false_alarms),
        *outsider_sentences(taught.outsiders),
    ]
    return [printable(one) for one in sentences]


def accuracy_sentence(accuracy: Mapping[str, Any]) -> str:
    """How often it is right, in cross-validation."""
    return (
        f"{counted_percent(accuracy['share'])} right in cross-validation: {accuracy['right']:,} of "
        f"{counted_images(accuracy['of'])}. Of as many new images, taken as these are, expect "
        f"{counted_percent(accuracy['low'])} to {counted_percent(accuracy['high'])} (9 times of 10)."
    )


def _test_sentence(top1: Share) -> str:
    if top1.share is None:
        return "No image of the test is scored."
    return (
        f"{counted_percent(top1.share)} right in the test: {top1.right:,} of {counted_images(top1.of)}, "
        f"{between(top1.low, top1.high)}."
    )


def between(low: float, high: float) -> str:
    """An interval, as part of a sentence."""
    return f"between {counted_percent(low)} and {counted_percent(high)} with 95% confidence"


def false_alarm_sentence(false_alarms: float) -> str:
    """How many images of the labels are not known."""
    return (
        f"None of these: {counted_percent(false_alarms)} of the labels' own images are answered so (false alarms)."
    )


def outsider_sentences(outsiders: Mapping[str, int] | None) -> list[str]:
    """How many images of no label are told apart."""
    if outsiders is None or not outsiders["images"]:
        return []
    flagged, images = outsiders["flagged"], outsiders["images"]
    share = counted_percent(flagged / images)
    return [
        f"Of {counted_images(images)} of no label, {flagged:,} are answered so: {share}.",
        NEW_LABELS,
    ]


def left_out_sentences(left_out: Mapping[str, int], near_copies: int = 0) -> list[str]:
    """What is not taught, and why; and what is nearly the same."""
    sentences = [
        f"Not taught: {counted_images(number)}, {reason_label(reason)}."
        for reason, number in left_out.items()
        if number
    ]
    if near_copies:
        are = "is" if near_copies == 1 else "are"
        sentences.append(f"{counted_images(near_copies)} {are} nearly the same as another.")
    return sentences


def more_images_sentences(images_of: Mapping[str, int], most: int = 4) -> list[str]:
    """Which labels have so few images that more of them are the best next thing to do."""
    few = [label for label, number in sorted(images_of.items(), key=lambda one: one[1]) if number < ENOUGH]
    if not few:
        return []
    more = f" and {len(few) - most} more" if len(few) > most else ""
    return [
        f"More images help most: {ENOUGH} or more of each label, beginning with {', '.join(few[:most])}{more}."
    ]


def reason_label(reason: str) -> str:
    """Why an image is left out, in a few words."""
    return error_label(reason) if reason in ERROR_KINDS else reason


def next_commands(output: Path) -> list[tuple[str, str]]:
    """What to do with a taught model: in words, and the command."""
    model = f"--model {printable(str(output))}"
    return [
        ("Try it", f"eyeful predict {model} photos/"),
        ("Test it with images that it has not seen, in folders of their labels", f"eyeful evaluate {model} test/"),
        ("Have a server run it", f"eyeful serve {model}"),
        ("Use it in a browser", f"eyeful page {model}"),
    ]


def _listed(images_of: Mapping[str, int], most: int = 8) -> str:
    names = [f"{label} {number:,}" for label, number in images_of.items()]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"Taught {len(names)} labels, {', '.join(names[:most])}{more}"
