"""Which images do what, and what is said when they are too few."""

import numpy as np
import pytest

from eyeful.calibration import fit, fit_temperature
from eyeful.errors import UsageError
from eyeful.results import Calibration, softmax
from eyeful.results.promises import promise_line, promise_sentence, summary_lines

ASKED = {"model": "m", "made_for": {}}


def labelled(logits):
    logits_NK, right_N = logits
    return logits_NK, [(int(label),) for label in right_N]


def test_every_second_image_sets_the_temperature_and_the_others_judge(logits):
    logits_NK, right = labelled(logits)
    found = fit(logits_NK, right, **ASKED)
    assert (found.images, found.temperature_images, found.risk.images, found.coverage.images) == (
        250,
        125,
        125,
        125,
    )
    assert found.temperature == fit_temperature(logits_NK[::2], right[::2])
    probs_NK = softmax(logits_NK[1::2], found.temperature)
    is_right_N = probs_NK.argmax(1) == [label for (label,) in right[1::2]]
    answered_N = probs_NK.max(1) >= found.risk.threshold
    assert (found.risk.answered, found.risk.wrong) == (answered_N.sum(), (answered_N & ~is_right_N).sum())

    other = logits_NK.copy()
    other[1::2] = np.roll(other[1::2], 1, axis=1)  # the images that judge are all wrong now
    worse = fit(other, right, **ASKED)
    assert worse.temperature == found.temperature
    assert worse.risk.threshold is None
    assert worse.coverage.threshold < 1e-3


def test_any_of_several_right_labels_is_right(logits):
    logits_NK, right = labelled(logits)
    second_N = np.argsort(-logits_NK, axis=1)[:, 1]
    both = [(*labels, int(other)) for labels, other in zip(right, second_N, strict=True)]
    once, twice = fit(logits_NK, right, **ASKED), fit(logits_NK, both, **ASKED)
    assert twice.coverage.threshold >= once.coverage.threshold * 0.5
    found = fit(logits_NK, [(int(row.argmax()), 0) for row in logits_NK], **ASKED)
    assert (found.risk.threshold, found.risk.wrong, found.risk.answered) == (0.0, 0, 125)


def test_too_few_images_are_refused_with_how_many_are_needed(logits):
    logits_NK, right = labelled(logits)
    with pytest.raises(UsageError, match=r"^89 images with a right label are too few.* need 90 at least"):
        fit(logits_NK[:89], right[:89], **ASKED)
    assert fit(logits_NK[:90], right[:90], **ASKED).images == 90
    with pytest.raises(UsageError, match="need 460 at least"):
        fit(logits_NK, right, **ASKED, risk=0.01)
    with pytest.raises(UsageError, match="need 398 at least"):
        fit(logits_NK, right, **ASKED, coverage=0.995)
    with pytest.raises(UsageError, match=r"^0 images"):
        fit(logits_NK[:0], [], **ASKED)


@pytest.mark.parametrize("shares", [{"risk": 0}, {"risk": 0.6}, {"coverage": 1}, {"coverage": float("nan")}])
def test_shares_out_of_range(logits, shares):
    with pytest.raises(UsageError, match=next(iter(shares))):
        fit(*labelled(logits), **ASKED, **shares)


def test_it_is_said_in_plain_words(logits):
    logits_NK, right = labelled(logits)
    found = fit(logits_NK, right, **ASKED)
    assert Calibration.from_dict(found.to_dict() | {"made_for": dict.fromkeys(MADE_FOR)}).risk == found.risk
    threshold = found.risk.threshold
    promised = "Right in at least 95% of answers like this (from 250 images of yours)."
    assert promise_sentence(found, threshold) == promised
    assert promise_sentence(found, threshold - 1e-6) == "Below what your calibration promises: unsure."
    assert "at most 5% of the answers that are not unsure are wrong" in promise_line(found)
    assert "of the answers with a single label that are not unsure are wrong" in promise_line(found, groups=True)
    assert "at least 90% of the prediction sets hold the right label" in promise_line(found)
    assert "are wrong, nothing is promised of groups" in promise_line(found, groups=True)
    assert f"{found.risk.wrong} of these are wrong" in " ".join(summary_lines(found))
    wrong = fit(np.roll(logits_NK, 1, axis=1), right, **ASKED)
    for said in (promise_sentence(wrong, 1.0), promise_line(wrong), " ".join(summary_lines(wrong))):
        assert "more images would not help" in said


MADE_FOR = (
    *("weights", "preprocessing", "labels_sha256", "precision", "activation", "decode"),
    *("resize", "colour_profile"),
)
