"""The numbers, against scikit-learn, torchmetrics and SciPy; and what must hold of any."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from eyeful.evaluation.metrics import (
    POINTS,
    bins_of,
    brier_of,
    chance_of,
    ece_of,
    nll_of,
    risk_coverage_of,
    share_of,
    topk_of,
)
from eyeful.evaluation.outcomes import outcomes_of
from judging import judged_of, labels_of, probs_of

probabilities = st.floats(0, 1)
answers = st.lists(st.tuples(probabilities, st.booleans()), max_size=300)


def arrays_of(pairs):
    return np.array([prob for prob, _ in pairs]), np.array([right for _, right in pairs], dtype=bool)


def ece_by_torchmetrics(probs, right, bins=15):
    import torch

    from eyeful.models.torchvision_import import import_torchvision

    import_torchvision()  # torchmetrics imports it
    from torchmetrics.classification import MulticlassCalibrationError

    metric = MulticlassCalibrationError(probs.shape[1], n_bins=bins, norm="l1")
    return float(metric(torch.from_numpy(probs), torch.from_numpy(right)))


@pytest.mark.parametrize("temperature", [0.3, 0.68, 1.0, 2.0])
def test_metrics_are_those_of_other_libraries_on_the_photographs(photographs, temperature):
    from sklearn.metrics import brier_score_loss, log_loss, top_k_accuracy_score

    logits, right, _, labels = photographs
    probs, classes = probs_of(logits / temperature), np.arange(1000)
    outcomes = outcomes_of(judged_of(probs, right[:, None], labels))
    for k in (1, 2, 5):
        expected = top_k_accuracy_score(right, probs, k=k, labels=classes)
        assert topk_of(outcomes.rank, k).share == pytest.approx(expected, abs=1e-12)
    assert nll_of(outcomes.right_prob) == pytest.approx(log_loss(right, probs, labels=classes), abs=1e-6)
    expected = brier_score_loss(right, probs, labels=classes, scale_by_half=False)
    assert brier_of(outcomes.brier) == pytest.approx(expected, abs=1e-6)
    assert ece_of(bins_of(outcomes.prob, outcomes.right)) == pytest.approx(
        ece_by_torchmetrics(probs, right), abs=1e-6
    )


def test_metrics_are_those_of_other_libraries_with_three_labels():
    from sklearn.metrics import brier_score_loss, log_loss

    random = np.random.default_rng(0)
    probs = probs_of(random.normal(0, 3, (4000, 3)))
    right = random.integers(0, 3, 4000)
    outcomes = outcomes_of(judged_of(probs, right[:, None], labels_of(3)))
    assert nll_of(outcomes.right_prob) == pytest.approx(log_loss(right, probs), abs=1e-6)
    expected = brier_score_loss(right, probs, labels=[0, 1, 2], scale_by_half=False)
    assert brier_of(outcomes.brier) == pytest.approx(expected, abs=1e-6)
    assert ece_of(bins_of(outcomes.prob, outcomes.right)) == pytest.approx(
        ece_by_torchmetrics(probs, right), abs=1e-6
    )


def test_the_reliability_diagram_is_that_of_a_histogram():
    random = np.random.default_rng(1)
    prob, right = random.random(1000), random.random(1000) < 0.7
    bins = bins_of(prob, right)
    edges = [one.low for one in bins] + [bins[-1].high]
    assert [one.images for one in bins] == np.histogram(prob, edges)[0].tolist()
    for one in bins:
        inside = (prob >= one.low) & (prob < one.high)
        assert one.prob == pytest.approx(prob[inside].mean())
        assert one.right == pytest.approx(right[inside].mean())


def test_a_probability_of_1_is_in_the_last_bin():
    bins = bins_of(np.array([1.0, 1.0]), np.array([True, False]))
    assert (bins[-1].images, bins[-1].prob, bins[-1].right) == (2, 1.0, 0.5)
    assert all(one.images == 0 and one.prob is None and one.right is None for one in bins[:-1])


@settings(deadline=None)  # SciPy's is slow
@given(st.integers(0, 3000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_intervals_are_wilsons_and_hold_the_share(counts):
    found = share_of(*counts)
    assert 0 <= found.low <= found.high <= 1
    if found.of:
        assert found.low <= found.share <= found.high
        expected = binomtest(*counts).proportion_ci(0.95, method="wilson")
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    else:
        assert (found.share, found.low, found.high) == (None, 0, 1)


def test_intervals_hold_the_true_share_as_often_as_they_say():
    """Exactly, over every outcome of 50 images: Wilson's interval is right in 93 to 98 % for these shares."""
    for share in (0.3, 0.5, 0.8, 0.9):
        holds = sum(
            math.comb(50, n) * share**n * (1 - share) ** (50 - n)
            for n in range(51)
            if share_of(n, 50).low <= share <= share_of(n, 50).high
        )
        assert 0.93 <= holds <= 0.98


@given(answers)
def test_the_curve_is_what_thresholds_give(pairs):
    prob, right = arrays_of(pairs)
    curve = risk_coverage_of(prob, right)
    for one in curve:
        reach = prob >= one.prob
        assert (one.answered, one.wrong) == (reach.sum(), (reach & ~right).sum())
        assert one.share == one.answered / len(prob)
    assert all(a.prob > b.prob and a.answered < b.answered and a.wrong <= b.wrong for a, b in pairwise(curve))
    if pairs:
        assert curve[-1].answered == len(pairs)
        assert curve[0].prob == max(prob)
        assert len(curve) == min(len(set(prob)), POINTS)


@given(answers, st.randoms())
def test_order_does_not_matter(pairs, random):
    shuffled = random.sample(pairs, len(pairs))
    assert risk_coverage_of(*arrays_of(pairs)) == risk_coverage_of(*arrays_of(shuffled))
    ece = ece_of(bins_of(*arrays_of(pairs)))
    assert ece_of(bins_of(*arrays_of(shuffled))) == (ece if ece is None else pytest.approx(ece, abs=1e-12))


def test_a_long_curve_is_thinned_evenly():
    random = np.random.default_rng(2)
    prob = random.random(100_000)
    curve = risk_coverage_of(prob, random.random(100_000) < prob)
    assert len(curve) == POINTS
    assert (curve[0].answered, curve[-1].answered) == (1, 100_000)
    gaps = np.diff([one.answered for one in curve])
    assert gaps.max() - gaps.min() <= 2


def test_nothing_is_known_of_no_images_or_of_unknown_probabilities():
    none = np.array([])
    assert nll_of(none) is None
    assert brier_of(none) is None
    assert ece_of(bins_of(none, none.astype(bool))) is None
    assert chance_of(bins_of(none, none.astype(bool))) is None
    assert nll_of(np.array([0.5, math.nan])) is None
    assert brier_of(np.array([0.5, math.nan])) is None


def test_one_impossible_answer_does_not_make_the_nll_infinite():
    from sklearn.metrics import log_loss

    found = nll_of(np.array([0.0, 1.0]))
    assert found == pytest.approx(log_loss([1, 1], np.array([[1.0, 0.0], [0.0, 1.0]]), labels=[0, 1]), abs=1e-6)


@pytest.mark.parametrize("images", [30, 300, 3000])
def test_the_ece_of_true_probabilities_is_about_what_chance_gives(images):
    """Of 400 samples: the mean within 15 %; at most 1 in 20 above twice that, where the summary speaks of an error."""
    random = np.random.default_rng(images)
    ratios = []
    for _ in range(400):
        prob = random.beta(4, 2, images)
        bins = bins_of(prob, random.random(images) < prob)
        ratios.append(ece_of(bins) / chance_of(bins))
    assert np.mean(ratios) == pytest.approx(1, abs=0.15)
    assert np.mean(np.array(ratios) > 2) < 0.05
