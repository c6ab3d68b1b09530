"""Images of no label."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eyeful.evaluation.judged import Judged
from eyeful.evaluation.outsiders import LABELS as MOST
from eyeful.evaluation.outsiders import THRESHOLDS, outsiders_of
from eyeful.types import Labels, Score

NAMES = Labels(tuple("abc"), (None,) * 3)
probabilities = st.lists(st.sampled_from([0.1, 0.25, 0.5, 0.9, 1.0]) | st.floats(0, 1), min_size=1, max_size=100)


def images(probs, indices=None):
    return [
        Judged(f"{n}", top=(Score(index, None, "abc"[index], prob, 0.0),))
        for n, (prob, index) in enumerate(zip(probs, indices or [0] * len(probs), strict=True))
    ]


@settings(deadline=None)  # scikit-learn's is slow
@given(probabilities, probabilities)
def test_auroc_is_scikit_learns(known, outside):
    from sklearn.metrics import roc_auc_score

    found = outsiders_of(images(outside), NAMES, np.array(known))
    expected = roc_auc_score([1] * len(known) + [0] * len(outside), known + outside)
    assert found.auroc == pytest.approx(expected, abs=1e-6)


@given(probabilities)
def test_fewer_are_answered_at_a_higher_threshold(probs):
    found = outsiders_of(images(probs), NAMES, np.array([0.5]))
    assert [one.prob for one in found.answered_at] == list(THRESHOLDS)
    assert [one.answered for one in found.answered_at] == [sum(p >= low for p in probs) for low in THRESHOLDS]
    assert all(one.share == one.answered / len(probs) for one in found.answered_at)


def test_labels_most_first_and_errors_left_out():
    error = Judged("broken", error_kind="truncated", error="cut off")
    found = outsiders_of([*images([0.5] * 5, [2, 0, 2, 1, 0]), error], NAMES, np.array([0.6]))
    assert [(one.label, one.images) for one in found.labels] == [("a", 2), ("c", 2), ("b", 1)]
    assert (found.images, found.auroc) == (5, 1.0)


def test_no_more_labels_than_can_be_shown():
    many = Labels(tuple(str(n) for n in range(200)), (None,) * 200)
    outside = [Judged(f"{n}", top=(Score(n, None, str(n), 0.5, 0.0),)) for n in range(200)]
    assert len(outsiders_of(outside, many, np.array([0.5])).labels) == MOST


def test_none():
    found = outsiders_of([], NAMES, np.array([0.5]))
    assert (found.images, found.answered_at, found.labels, found.auroc) == (0, (), (), None)
    assert outsiders_of(images([0.5]), NAMES, np.array([])).auroc is None
