"""The temperature with the least loss, found without SciPy."""

import numpy as np
import pytest
from sklearn.metrics import log_loss

from eyeful.calibration import fit_temperature
from eyeful.calibration.temperature import LEAST, MOST
from eyeful.results import softmax


def loss(logits_NK, right, temperature):
    probs_NK = softmax(logits_NK, temperature).astype(float)
    return -np.mean([np.log(row[list(labels)].sum()) for row, labels in zip(probs_NK, right, strict=True)])


def test_no_other_temperature_has_a_smaller_loss(logits):
    logits_NK, right_N = logits
    found = fit_temperature(logits_NK, [(label,) for label in right_N])
    others = np.geomspace(0.2, 5, 200)
    exact_NK = logits_NK.astype(float)  # in float32, shares add up to 1 too roughly for scikit-learn
    losses = [log_loss(right_N, softmax(exact_NK / one), labels=range(1000)) for one in others]
    assert losses[int(np.argmin(losses))] >= loss(logits_NK, [(label,) for label in right_N], found) - 1e-5
    assert others[int(np.argmin(losses))] == pytest.approx(found, rel=0.02)


@pytest.mark.parametrize("temperature", [0.5, 1, 3])
def test_the_temperature_that_labels_were_drawn_with_is_found(temperature):
    random = np.random.default_rng(0)
    logits_NK = random.normal(0, 3, (20_000, 5)).astype(np.float32)
    drawn_N = (softmax(logits_NK, temperature).cumsum(1) < random.random((20_000, 1))).sum(1).clip(max=4)
    assert fit_temperature(logits_NK, [(label,) for label in drawn_N]) == pytest.approx(temperature, rel=0.05)


def test_several_right_labels_are_one_answer():
    logits_NK = np.random.default_rng(1).normal(0, 2, (60, 4)).astype(np.float32)
    right = [(0, 3) if row % 3 else (2,) for row in range(60)]
    found = fit_temperature(logits_NK, right)
    best = min(np.geomspace(LEAST, MOST, 2000), key=lambda one: loss(logits_NK, right, one))
    assert loss(logits_NK, right, found) <= loss(logits_NK, right, best) + 1e-6


def test_images_that_are_all_right_or_all_wrong_have_a_temperature_too():
    logits_NK = np.eye(4, dtype=np.float32) * 9
    assert fit_temperature(logits_NK, [(0,), (1,), (2,), (3,)]) == pytest.approx(LEAST, rel=0.01)
    assert fit_temperature(logits_NK, [(1,), (2,), (3,), (0,)]) == pytest.approx(MOST, rel=0.01)
