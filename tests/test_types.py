"""Predictions: what a row says is what counts."""

import json

import numpy as np
import pytest

from eyeful.types import Item, Prediction, Score

SCORE = Score(1, "n1", "tabby", 0.123456789, 2.5)


def test_two_predictions_are_equal_when_their_rows_are():
    one = Prediction("a.png", (SCORE,), logits=np.ones(3, np.float32), item=Item("a.png", b"x"))
    read_again = Prediction("a.png", tuple(Score(**score) for score in one.to_dict()["top"]))
    assert one == read_again
    assert hash(one) == hash(read_again)
    assert len({one, read_again}) == 1


@pytest.mark.parametrize(
    "other",
    [
        Prediction("b.png", (SCORE,)),
        Prediction("a.png", (Score(1, "n1", "tabby", 0.123457, 2.5),)),
        Prediction("a.png", (SCORE,), abstained=True),
        Prediction("a.png", (SCORE,), warnings=("exif_rotated",)),
        Prediction("a.png", (SCORE, SCORE)),
        Prediction("a.png", error_kind="empty", error="it is empty"),
        Prediction("a.png", error_kind="empty", error="it has no bytes"),
        "a.png",
    ],
)
def test_what_a_row_says_differently_makes_them_differ(other):
    assert Prediction("a.png", (SCORE,)) != other
    assert Prediction("a.png", error_kind="truncated", error="it is empty") != other


def test_a_prediction_becomes_json_by_itself():
    row = json.loads(json.dumps(Prediction("a.png", (SCORE,), warnings=("x",)).to_dict()))
    assert row == {
        "filename": "a.png",
        "status": "ok",
        **SCORE.to_dict(),
        "abstained": False,
        "top": [SCORE.to_dict()],
        "warnings": ["x"],
        "error_kind": None,
        "error": None,
    }
    assert row["prob"] == 0.1234568, "seven digits"


def test_a_score_equals_no_other_thing():
    assert Score(**SCORE.to_dict()) == SCORE
    assert SCORE != 1
