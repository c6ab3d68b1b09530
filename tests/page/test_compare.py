"""The matrix of labels and models."""

import numpy as np

from eyeful.page.compare import answers, matrix
from eyeful.page.models import Models
from eyeful.types import Item, Labels
from helpers import fake_classifier


def test_labels_with_the_same_name_have_probabilities_of_their_own(monkeypatch):
    monkeypatch.setattr("helpers.FAKE_LABELS", Labels(("crane", "blue", "crane"), (None,) * 3))
    pixels = np.full((8, 8, 3), (200, 0, 100), np.uint8)
    with fake_classifier() as first, fake_classifier() as second:
        columns = list(answers(Models({"a": first, "b": second}, None), Item("a.png", pixels), ["a", "b"]))
        top = first.predict(pixels).top
    rows = matrix(columns)
    assert [(row.label, row.probs) for row in rows] == [(score.label, (score.prob, score.prob)) for score in top]
    assert [row.label for row in rows] == ["crane", "crane", "blue"]
    assert [row.first for row in rows] == [(True, True), (False, False), (False, False)]
