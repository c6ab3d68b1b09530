"""A calibration in plain words: the same on a terminal and on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eyeful.wording import plain_percent

if TYPE_CHECKING:
    from eyeful.results.calibration import Calibration, Risk


def promise_line(calibration: Calibration) -> str:
    """What a run's rows promise, for its summary."""
    risk, coverage = calibration.risk, calibration.coverage
    parts = [f"at most {plain_percent(risk.at_most)} of the answers that are not unsure are wrong"]
    if risk.threshold is None:
        parts = [f"nothing is promised of answers ({_needs(risk)})"]
    if coverage is not None:
        parts.append(f"at least {plain_percent(coverage.at_least)} of the prediction sets hold the right label")
    return f"calibrated: {', '.join(parts)}, for images like the {calibration.images} that it was made with"


def promise_sentence(calibration: Calibration, prob: float) -> str:
    """What is promised of one answer with that probability, for a person who judged the images."""
    risk = calibration.risk
    if risk.threshold is None:
        return f"Your calibration promises nothing of answers: {_needs(risk)}."
    if prob < risk.threshold:
        return "Below what your calibration promises: unsure."
    share = plain_percent(1 - risk.at_most)
    return f"Right in at least {share} of answers like this (from {calibration.images:,} images of yours)."


def summary_lines(calibration: Calibration) -> list[str]:
    """What was found, for the person who asked."""
    risk, coverage = calibration.risk, calibration.coverage
    lines = [
        f"calibrated {calibration.model} with {calibration.images} images: every second one for the temperature "
        f"({calibration.temperature:.3g}), the other {risk.images} to judge by"
    ]
    if risk.threshold is None:
        lines.append(f"answers: at most {plain_percent(risk.at_most)} wrong cannot be promised; {_needs(risk)}")
    else:
        answered = plain_percent(round(risk.answered / risk.images, 3))
        lines += [
            f"answers: of those with {_prob(risk.threshold)} or more at most {plain_percent(risk.at_most)} are wrong; "
            "the others are said to be unsure",
            f"of the {risk.images} images {risk.answered} have such an answer ({answered}), {risk.wrong} a wrong one",
        ]
    if coverage is not None:
        lines.append(
            f"sets: the labels with {_prob(coverage.threshold)} or more hold the right one for at least "
            f"{plain_percent(coverage.at_least)} of the images"
        )
    return [*lines, "this holds for images like these, and for this model run as now"]


def _prob(threshold: float) -> str:
    """A threshold as a probability that people read: rounded, for they do not compute with it."""
    return f"{100 * threshold:.3g}%"


def _needs(risk: Risk) -> str:
    """What would be needed for a promise."""
    if risk.needs is None:
        return "even its surest answers are too often wrong, so more images would not help"
    return f"about {risk.needs:,} images like these are needed, half of them to judge by"
