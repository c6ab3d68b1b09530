"""The promise about answers, over draws of images; its test beside SciPy's."""

import sys

import numpy as np
import pytest
from scipy.stats import binom

from eyeful.calibration import control_risk, fit, needs
from eyeful.calibration.risk import binomial_tail, passes
from eyeful.results import softmax

RISK, DELTA = 0.05, 0.1


@pytest.mark.parametrize("risk", [0.01, 0.05, 0.3])
def test_the_tail_is_scipys(risk):
    for answered in (1, 7, 45, 500, 20_000):
        for wrong in {0, 1, int(risk * answered), min(answered, 30)}:
            assert binomial_tail(wrong, answered, risk) == pytest.approx(
                binom.cdf(wrong, answered, risk), rel=1e-9
            )


def test_needs_is_the_smallest_number():
    for risk in (0.01, 0.05, 0.1, 0.3):
        least = needs(risk, DELTA)
        assert passes(0, least, risk, DELTA)
        assert not passes(0, least - 1, risk, DELTA)
    assert needs(0.05) == 45
    assert needs(0.05, share_wrong=0.05) is None
    assert needs(0.05, share_wrong=0.03) > 45


def halves(probs_N, right_N):
    return (probs_N[::2], right_N[::2]), (probs_N[1::2], right_N[1::2])


def test_a_threshold_passes_its_own_test_and_a_promise_that_cannot_be_given_is_not():
    random = np.random.default_rng(0)
    probs_N = random.random(2000).astype(np.float32)
    right_N = random.random(2000) < 0.5 + probs_N / 2  # the best are right, the others more and more rarely
    found = control_risk(*halves(probs_N, right_N), 0.1)
    answered_N = probs_N[1::2] >= found.threshold
    assert (found.answered, found.wrong) == (answered_N.sum(), (answered_N & ~right_N[1::2]).sum())
    assert passes(found.wrong, found.answered, 0.1, DELTA)
    assert 0.7 < found.threshold < 0.95
    hopeless = control_risk(*halves(probs_N, random.random(2000) < 0.5), 0.05)
    assert (hopeless.threshold, hopeless.needs) == (None, None)
    few = control_risk(*halves(probs_N[:60], np.ones(60, bool)), 0.05)
    assert few.threshold is None
    assert 90 <= few.needs <= 400
    all_right = control_risk(*halves(probs_N[:120], np.ones(120, bool)), 0.05)
    assert (all_right.threshold, all_right.answered, all_right.wrong) == (0, 60, 0)


def naive(probs_N, right_N):
    """The lowest threshold with few enough wrong ones among those that chose it."""
    order = np.argsort(-probs_N)
    shares = np.cumsum(~right_N[order]) / np.arange(1, len(order) + 1)
    below = np.flatnonzero(shares <= RISK)
    return probs_N[order][below[-1]] if len(below) else None


@pytest.mark.parametrize("draws", [100, pytest.param(1500, marks=pytest.mark.slow)])
def test_the_promise_is_rarely_broken(logits, draws):
    """The images of the fixture are the world; each draw is one user's 400 of them, with repeats."""
    logits_NK, right_N = logits
    is_right_N = logits_NK.argmax(1) == right_N
    random = np.random.default_rng(0)
    broken = naively_broken = promised = 0
    for _ in range(draws):
        drawn = random.integers(0, 250, 400)
        found = fit(logits_NK[drawn], [(label,) for label in right_N[drawn]], model="", made_for={}, risk=RISK)
        best_N = softmax(logits_NK, found.temperature).max(1)
        if found.risk.threshold is not None:
            promised += 1
            broken += np.mean(~is_right_N[best_N >= np.float32(found.risk.threshold)]) > RISK
        threshold = naive(best_N[drawn], is_right_N[drawn])
        naively_broken += threshold is not None and np.mean(~is_right_N[best_N >= threshold]) > RISK
    shares = {"broken": broken / draws, "naively broken": naively_broken / draws, "promised": promised / draws}
    sys.stderr.write(f"{shares}\n")
    assert broken / draws <= DELTA + 3 * np.sqrt(DELTA * (1 - DELTA) / draws)
    assert promised >= 0.8 * draws  # a promise is given, or not breaking it were no feat
