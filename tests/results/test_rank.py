"""Softmax and top-k."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eyeful.results import rank, softmax, top_k
from eyeful.types import Labels

vectors = arrays(np.float32, st.integers(1, 40), elements=st.floats(-80, 80, width=32))


@given(vectors, st.floats(0.1, 10))
def test_softmax_sums_to_one_and_keeps_the_order(logits, temperature):
    probs = softmax(logits, temperature)
    assert probs.sum() == pytest.approx(1, abs=1e-5)
    assert (np.diff(probs[np.argsort(logits, kind="stable")]) >= 0).all()


@given(vectors)
def test_softmax_is_torchs(logits):
    import torch

    assert softmax(logits) == pytest.approx(torch.from_numpy(logits).softmax(0).numpy(), abs=1e-6)


def test_softmax_depends_on_differences_only_and_does_not_overflow():
    assert softmax(np.array([1000.0, 999.0], np.float32)) == pytest.approx(
        softmax(np.array([1.0, 0.0], np.float32))
    )


def test_temperature_flattens():
    logits = np.array([2.0, 1.0, 0.0], np.float32)
    assert softmax(logits, 2.0)[0] < softmax(logits)[0] < softmax(logits, 0.5)[0]


@given(vectors, st.integers(1, 50))
def test_top_k(logits, k):
    places = top_k(logits, k)
    assert len(places) == min(k, len(logits))
    assert (np.diff(logits[places]) <= 0).all()
    assert logits[places[0]] == logits.max()


def test_equal_values_rank_by_position():
    assert top_k(np.array([1, 3, 3, 0], np.float32), 3).tolist() == [1, 2, 0]


def test_a_score_carries_index_wnid_label_prob_and_logit():
    labels = Labels(("crane", "crane"), ("n1", "n2"))
    (best,) = rank(np.array([0.0, 1.0], np.float32), labels, 1)
    assert (best.index, best.wnid, best.label, best.logit) == (1, "n2", "crane", 1.0)
    assert best.prob == pytest.approx(1 / (1 + np.exp(-1)))
