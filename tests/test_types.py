"""Predictions: what a row says is what counts."""

import json

import numpy as np
import pytest

from eyeful.types import Group, Item, Prediction, Score

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


@pytest.mark.parametrize(
    ("options", "answer", "headline"),
    [
        ({}, "tabby", "tabby 12.3%"),
        ({"abstained": True}, "unsure (tabby?)", "unsure (tabby?)"),
        ({"sure": 0.8}, "unsure (tabby?)", "unsure (tabby?)"),
        (
            {"sure": 0.8, "abstained": True, "group": Group("cat", "n2", 0.9, 5)},
            "cat (tabby?)",
            "cat 90.0% (tabby?)",
        ),
        ({"sure": 0.8, "group": Group("tabby", "n1", 0.123456789, 1)}, "tabby", "tabby 12.3%"),
    ],
)
def test_what_people_are_told(options, answer, headline):
    row = Prediction("a.png", (SCORE,), **options)
    assert (row.answer, row.headline) == (answer, headline)
    assert row.unsure == ("unsure" in answer)
    assert row.answer_prob == (0.9 if "cat" in answer else SCORE.prob)
    assert headline in row._repr_html_() or row.group is None


def test_people_are_told_an_error():
    row = Prediction("a.png", error_kind="empty", error="it has no bytes")
    assert row.answer == row.headline == "empty: it has no bytes"
    assert (row.unsure, row.answer_prob) == (False, None)


def test_a_notebook_lists_a_prediction_set_of_several_labels():
    other = Score(2, None, "<lynx>", 0.1, 1.0)
    assert (
        "one of: tabby, &lt;lynx&gt;" in Prediction("a.png", (SCORE,), prediction_set=(SCORE, other))._repr_html_()
    )
    assert "one of" not in Prediction("a.png", (SCORE,), prediction_set=(SCORE,))._repr_html_()
