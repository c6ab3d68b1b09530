"""verdicts.csv: read, counted and said, or refused by the line that is wrong."""

import json
import math
import os

import numpy as np
import pytest
from scipy.stats import binomtest

from eyeful.errors import UsageError
from eyeful.evaluation.verdicts import evaluate_verdicts
from eyeful.sinks.review import COLUMNS

HEADER = ",".join(COLUMNS)


def row(said="yes", filename="a.jpg", label="tabby", prob="0.9", **cells) -> str:
    known = {"filename": filename, "label": label, "wnid": "n1", "index": "281", "prob": prob, "verdict": said}
    known |= {"model": "fake", "made": "2026-01-02T03:04:05+00:00"} | cells
    return ",".join(known.get(name, "") for name in COLUMNS)


@pytest.fixture
def verdicts(tmp_path):
    """What rows give."""

    def read(*rows: str, encoding="utf-8", ending="\n"):
        path = tmp_path / "verdicts.csv"
        path.write_bytes(ending.join([HEADER, *rows, ""]).encode(encoding))
        return evaluate_verdicts(path)

    return read


def test_what_is_counted(verdicts):
    found = verdicts(row("yes"), row("no"), row("unsure"), row(""), row("yes"), row(" Yes "))
    assert (found.top1.right, found.top1.of) == (3, 4)
    interval = binomtest(3, 4).proportion_ci(method="wilson")
    assert (found.top1.low, found.top1.high) == pytest.approx((interval.low, interval.high), abs=1e-9)
    assert (found.model, found.made) == ("fake", "2026-01-02T03:04:05+00:00")
    assert found.summary() == [
        "75.0% right: 3 of 4 images, between 30.1% and 95.4% with 95% confidence.",
        "The surest of the wrong answers: tabby (a.jpg).",
        "Not counted: 1 that nobody can say, 1 not judged yet.",
    ]
    assert str(found) == "\n".join(found.summary())


def test_nothing_judged(verdicts):
    found = verdicts(row(""), row("unsure"))
    assert found.summary() == ["None of the 2 answers is judged yet."]
    assert found.to_dict()["top1"] == {"right": 0, "of": 0, "share": None, "low": 0.0, "high": 1.0}
    assert found.to_dict()["ece"] is None


def test_few_say_nothing_of_probabilities(verdicts):
    found = verdicts(*[row()] * 29)
    assert (found.bins, found.risk_coverage, found.to_dict()["ece"]) == ((), (), None)
    assert not any("probabilities" in sentence for sentence in found.summary())


def test_probabilities_are_judged_from_30(verdicts):
    random = np.random.default_rng(0)
    probs = random.random(200).round(6)
    right = random.random(200) < probs / 2
    rows = [row("yes" if good else "no", prob=str(prob)) for prob, good in zip(probs, right, strict=True)]
    found = verdicts(*rows, row("unsure", prob="0.01"), row("", prob="0.01"))
    which = np.minimum((probs * 15).astype(int), 14)
    gaps = [
        abs(probs[which == one].mean() - right[which == one].mean()) * (which == one).sum() for one in set(which)
    ]
    assert found.to_dict()["ece"] == pytest.approx(sum(gaps) / 200, abs=1e-6)
    assert found.risk_coverage[-1].answered == 200
    assert found.risk_coverage[-1].wrong == (~right).sum()
    assert any(sentence.startswith("Its probabilities are too high") for sentence in found.summary())
    json.dumps(found.to_dict(), allow_nan=False)


def test_labels_from_five_judged(verdicts):
    rows = [row("no", label="tabby")] * 3 + [row("yes", label="tabby")] * 2 + [row("yes", label="beagle")] * 6
    found = verdicts(*rows, *[row("no", label="cup")] * 4, *[row("unsure", label="cup")] * 4)
    assert [(one.label, one.top1.right, one.images) for one in found.labels] == [("tabby", 2, 5), ("beagle", 6, 6)]
    assert "Most often wrong: tabby (2 of 5 right)." in found.summary()


def test_a_group_is_what_was_judged(verdicts):
    found = verdicts(*[row("no", group="dog", prob="0.97")] * 5)
    assert [(one.label, one.wnid) for one in found.labels] == [("dog", None)]
    assert found.to_dict()["wrong"][0] == {"filename": "a.jpg", "answer": "dog", "prob": 0.97}


def test_names_come_back_as_they_were(verdicts):
    raw = os.fsdecode(b"bad\xff.png")
    found = verdicts(
        row(filename="bad\\xff.png", filename_b64="YmFk/y5wbmc="), row(filename="'=1+1.png", label="'+x")
    )
    assert [one.filename for one in found.verdicts] == [raw, "=1+1.png"]
    assert found.verdicts[1].label == "+x"
    assert found.to_dict()["wrong"] == []


@pytest.mark.parametrize("how", [{"encoding": "utf-8-sig"}, {"ending": "\r\n"}, {"ending": "\n\n"}])
def test_as_a_spreadsheet_leaves_it(verdicts, how):
    assert verdicts(row("yes", filename="ü.jpg"), row("no"), **how).top1.right == 1


@pytest.mark.parametrize(
    ("damaged", "says"),
    [
        (row("maybe"), "line 3: the verdict 'maybe' is not yes, no, unsure or empty"),
        (row("\x1b[2J"), "line 3: the verdict '\\\\x1b[2J' is not"),
        (row(prob="0.9.1"), "line 3: prob '0.9.1' is no number from 0 to 1"),
        (row(prob="nan"), "line 3: prob 'nan' is no number from 0 to 1"),
        (row(prob="1.5"), "line 3: prob '1.5' is no number from 0 to 1"),
        (row(prob=""), "line 3: prob '' is no number from 0 to 1"),
        (row(index="-1"), "line 3: the index '-1' is no number"),
        (row(index="²"), "line 3: the index '²' is no number"),
        (row(filename_b64="YQ"), "line 3: filename_b64 'YQ' is no base64"),
        (row() + ",more", "line 3: 11 cells where 10 belong"),
        ("a.jpg", "line 3: 1 cells where 10 belong"),
        (row(model="other"), "mixes two samples, from line 3 on: one file for each"),
        (row(made="2027"), "mixes two samples, from line 3 on: one file for each"),
        ('"a.jpg', "is no verdicts.csv: it is no UTF-8 text in CSV"),
    ],
)
def test_damage_is_one_line(verdicts, damaged, says):
    with pytest.raises(UsageError) as raised:
        verdicts(row(), damaged)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "\x1b" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "it has no column filename"),
        (b"filename,label\n", "it has no column filename_b64"),
        (HEADER.encode() + b"\n", "holds no row"),
        (b"\xff\xfe\x00", "is no verdicts.csv: it is no UTF-8 text in CSV"),
        (b"PK\x03\x04\x00\n\x00,", "it has no column filename"),
    ],
)
def test_what_is_no_such_file(tmp_path, content, says):
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(UsageError, match=says):
        evaluate_verdicts(tmp_path / "x.csv")


def test_what_is_not_there(tmp_path):
    for path in (tmp_path / "gone.csv", tmp_path):
        with pytest.raises(UsageError, match=r"cannot be read: (No such file|Is a directory)"):
            evaluate_verdicts(path)


def test_numbers_are_finite(verdicts):
    found = verdicts(*[row("yes", prob="1")] * 40, *[row("no", prob="0")] * 3).to_dict()
    assert all(math.isfinite(one["prob"]) for one in found["risk_coverage"])
    assert found["top1"]["share"] == pytest.approx(40 / 43, abs=1e-6)
