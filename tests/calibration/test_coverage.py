"""Prediction sets: those that MAPIE makes, cell by cell."""

import numpy as np
import pytest
from mapie.classification import SplitConformalClassifier
from sklearn.base import BaseEstimator, ClassifierMixin

from eyeful.calibration import conformal_coverage
from eyeful.calibration.coverage import images_for_coverage
from eyeful.results import prediction_set, softmax
from eyeful.types import Labels

LABELS = Labels(tuple(map(str, range(1000))), (None,) * 1000)


class Fitted(ClassifierMixin, BaseEstimator):
    """What MAPIE takes for a classifier: its inputs are logits."""

    def __init__(self, temperature=1.0):
        self.temperature = temperature

    def fit(self, X, y):
        self.classes_ = np.arange(1000)
        self.is_fitted_ = True
        return self

    def predict_proba(self, X):
        return softmax(X, self.temperature).astype(float)  # in float32, 1 - prob would make ties

    def predict(self, X):
        return X.argmax(1)


@pytest.mark.filterwarnings("ignore:WARNING", "ignore:The number of unique classes")  # they would like more images
@pytest.mark.parametrize("at_least", [0.8, 0.9, 0.95])
@pytest.mark.parametrize("temperature", [1.0, 0.66])
def test_sets_are_mapies_in_every_cell(logits, at_least, temperature):
    logits_NK, right_N = logits
    estimator = Fitted(temperature).fit(None, None)
    mapie = SplitConformalClassifier(estimator, confidence_level=at_least, conformity_score="lac", prefit=True)
    mapie.conformalize(logits_NK[1::2], right_N[1::2])
    expected_NK = mapie.predict_set(logits_NK)[1][:, :, 0]

    probs_NK = softmax(logits_NK, temperature)
    found = conformal_coverage(probs_NK[np.arange(1, 250, 2), right_N[1::2]], at_least)
    assert found.images == 125
    for logits_K, expected_K in zip(logits_NK, expected_NK, strict=True):
        scores = prediction_set(logits_K, LABELS, found.threshold, temperature)
        assert {score.index for score in scores} == set(np.flatnonzero(expected_K))
        assert [score.logit for score in scores] == sorted((score.logit for score in scores), reverse=True)


def test_coverage_holds_over_draws(logits):
    """The mean share of sets that hold the right label, over 1,000 halves that judge the other halves."""
    logits_NK, right_N = logits
    right_probs_N = softmax(logits_NK)[np.arange(250), right_N]
    random = np.random.default_rng(0)
    shares = []
    for _ in range(1000):
        order = random.permutation(250)
        threshold = conformal_coverage(right_probs_N[order[:125]], 0.9).threshold
        shares.append(np.mean(right_probs_N[order[125:]] >= threshold))
    assert 0.9 - 0.005 <= np.mean(shares) <= 0.92


@pytest.mark.parametrize(("at_least", "count"), [(0.5, 1), (0.9, 9), (0.95, 19), (0.99, 99)])
def test_with_fewer_images_every_set_would_hold_all_labels(at_least, count):
    assert images_for_coverage(at_least) == count
    probs_N = np.linspace(0.1, 0.9, count, dtype=np.float32)
    assert conformal_coverage(probs_N, at_least).threshold == probs_N[0]
    assert conformal_coverage(probs_N[1:], at_least) is None
