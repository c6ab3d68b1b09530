"""Two models on the same images."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from eyeful.evaluation.compare import against_of, mcnemar
from eyeful.evaluation.outcomes import outcomes_of
from judging import judged_of, labels_of

LABELS = labels_of(2)


def outcomes(rights, names):
    """Images whose right label is 0, answered rightly or not."""
    probs = np.array([[0.8, 0.2] if right else [0.3, 0.7] for right in rights])
    return outcomes_of(judged_of(probs, [(0,)] * len(rights), LABELS, filenames=names))


@settings(deadline=None)  # SciPy's is slow
@given(st.integers(0, 400), st.integers(0, 400))
def test_p_values_are_those_of_an_exact_binomial_test(only_this, only_other):
    tosses = only_this + only_other
    expected = binomtest(only_this, tosses).pvalue if tosses else 1.0
    assert mcnemar(only_this, only_other) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(only_other, only_this) == mcnemar(only_this, only_other)


@pytest.mark.parametrize("pair", [(0, 1), (49_800, 50_200), (100_900, 100_000), (500_000, 501_000)])
def test_p_values_of_many_images(pair):
    assert mcnemar(*pair) == pytest.approx(binomtest(pair[0], sum(pair)).pvalue, rel=1e-6)


def test_a_certain_difference_does_not_overflow():
    assert mcnemar(1_000_000, 10) == 0.0


def test_images_are_paired_by_name_not_by_order():
    names = [f"{number}.jpg" for number in range(6)]
    this = outcomes([1, 1, 1, 0, 0, 1], names)
    other = outcomes([0, 0, 1, 1, 0, 1][::-1], names[::-1])
    found = against_of("other", this, other)
    assert (found.both_right, found.only_this, found.only_other, found.both_wrong) == (2, 2, 1, 1)
    assert (found.images, found.top1.right, found.top1.of) == (6, 3, 6)


def test_only_images_that_both_scored_count():
    this = outcomes([1, 0, 1], ["a.jpg", "b.jpg", "only here.jpg"])
    other = outcomes([0, 0, 0], ["b.jpg", "a.jpg", "only there.jpg"])
    found = against_of("other", this, other)
    assert (found.images, found.only_this, found.both_wrong, found.top1.of) == (2, 1, 1, 2)


def test_nothing_in_common():
    found = against_of("other", outcomes([1], ["a.jpg"]), outcomes([1], ["b.jpg"]))
    assert (found.images, found.p_value, found.top1.share) == (0, 1.0, None)
