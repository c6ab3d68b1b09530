"""A calibration in plain words: the same on a terminal and on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eyeful.wording import plain_percent

if TYPE_CHECKING:
    from eyeful.results.calibration import Calibration, Risk


def promise_line(calibration: Calibration, *, groups: bool = False) -> str:
    """What a run's rows promise, for its summary; of groups, nothing is promised."""
    risk, coverage = calibration.risk, calibration.coverage
    answers = "answers with a single label" if groups else "answers"
    promise = f"at most {plain_percent(risk.at_most)} of the {answers} that are not unsure are wrong"
    promise += ", nothing is promised of groups" if groups else ""
    if risk.threshold is None:
        promise = f"nothing is promised of answers ({_needs(risk)})"
    if coverage is not None:
        promise += f", at least {plain_percent(coverage.at_least)} of the prediction sets hold the right label"
    return f"calibrated: {promise}, for images like the {calibration.images} that it was made with"


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
    most = plain_percent(risk.at_most)
    halves = f"{calibration.temperature_images} of them set the temperature ({calibration.temperature:.3g})"
    lines = [f"calibrated {calibration.model} with {calibration.images} images: {halves}, {risk.images} judge"]
    if risk.threshold is None:
        lines.append(f"answers: at most {most} wrong cannot be promised; {_needs(risk)}")
    else:
        certain, answered = plain_percent(1 - risk.delta), plain_percent(round(risk.answered / risk.images, 3))
        promise = f"at most {most} of those with {_prob(risk.threshold)} or more are wrong ({certain} certain)"
        lines.append(f"answers: {promise}; the others are said to be unsure")
        lines.append(
            f"of the {risk.images} images {answered} have such an answer; {risk.wrong} of these are wrong"
        )
    if coverage is not None:
        held = f"hold the right one for at least {plain_percent(coverage.at_least)} of the images"
        lines.append(f"sets: the labels with {_prob(coverage.threshold)} or more {held}")
    lines.append("this holds for images like these, and for this model run as now")
    return lines


def _prob(threshold: float) -> str:
    """A threshold as a probability that people read: rounded, for they do not compute with it."""
    return f"{100 * threshold:.3g}%"


def _needs(risk: Risk) -> str:
    """What would be needed for a promise."""
    if risk.needs is None:
        return "even its surest answers are too often wrong, so more images would not help"
    return f"about {risk.needs:,} images like these are needed, half of them to judge by"
