"""An answer "none of these" has words of its own wherever people read, and is an ordinary label in rows."""

import csv
import io
import json

import numpy as np
import pytest
from rich.console import Console

from eyeful.evaluation.judged import Judged
from eyeful.evaluation.report import render as evaluation_page
from eyeful.evaluation.result import evaluation_of
from eyeful.journal import Journal
from eyeful.results import is_guess
from eyeful.runs.summary import RunSummary
from eyeful.sinks.base import ExistingRow
from eyeful.sinks.csv import CsvSink
from eyeful.sinks.figures import plot
from eyeful.sinks.jsonl import JsonlSink
from eyeful.sinks.parquet import ParquetSink
from eyeful.sinks.report import ReportSink
from eyeful.sinks.review import ReviewSink
from eyeful.sinks.table import TableSink
from eyeful.types import NONE_OF_THESE, Labels, Prediction, Score
from eyeful.wording import choice_of
from helpers import fake_classifier

LABELS = Labels(("cat", "dog", NONE_OF_THESE), (None,) * 3)
MANIFEST = {"model": "mine", "classes": 3, "activation": "softmax"}
PIXELS = np.full((6, 8, 3), 99, np.uint8)


def top(*order, prob=0.6):
    rest = (1 - prob) / 2
    return tuple(
        Score(index, None, LABELS.names[index], rest if place else prob, -float(place))
        for place, index in enumerate(order)
    )


NONE = Prediction("moon.png", top(2, 0, 1), thumbnail=PIXELS)
CAT = Prediction("cat.png", top(0, 1, 2), thumbnail=PIXELS)


def written(sink, path, rows=(NONE, CAT)):
    with sink:
        for row in rows:
            sink.append(row)
    return path.read_text(encoding="utf-8")


def test_the_answer_names_the_nearest_label():
    assert (NONE.answer, NONE.headline) == ("none of these (nearest: cat)", "none of these 60.0% (nearest: cat)")
    assert (NONE.answer_parts, NONE.unsure) == ((NONE_OF_THESE, None), False)
    assert "none of these 60.0% (nearest: cat)" in NONE._repr_html_()
    alone = Prediction("moon.png", NONE.top[:1])
    assert (alone.answer, alone.headline) == ("none of these", "none of these 60.0%")
    assert CAT.beside is None
    assert (LABELS.none_of_these, Labels(("cat",), (None,)).none_of_these) == (2, None)


def test_it_is_no_guess_however_improbable():
    assert is_guess(CAT.top[0], 0.7)
    assert not is_guess(CAT.top[0], 0.6)
    assert not is_guess(NONE.top[0], 0.7)


def test_rows_hold_an_ordinary_label(tmp_path):
    row = json.loads(written(JsonlSink(tmp_path / "rows.jsonl"), tmp_path / "rows.jsonl").splitlines()[0])
    assert (row["label"], row["index"], row["abstained"]) == (NONE_OF_THESE, 2, False)
    (first, _) = csv.DictReader(io.StringIO(written(CsvSink(tmp_path / "rows.csv"), tmp_path / "rows.csv")))
    assert first["label"] == NONE_OF_THESE


@pytest.mark.parametrize("columns", [40, 120])
def test_the_table(columns):
    file = io.StringIO()
    with TableSink(Console(file=file, width=columns)) as sink:
        sink.append(NONE)
    assert NONE.headline in " ".join(file.getvalue().split())


def test_a_figure():
    figure = plot(NONE)
    assert figure.axes[1].get_title() == "none of these\n(nearest: cat)"


def test_a_report_counts_them_and_can_show_them_alone(tmp_path):
    page = written(ReportSink(tmp_path / "report.html", MANIFEST), tmp_path / "report.html")
    assert "none of these (nearest: cat)</h3>" in page
    assert '<li class="outside" data-status="outside"' in page
    assert ">None of these <b>1</b></button>" in page
    assert ">Answered <b>1</b></button>" in page
    without = written(ReportSink(tmp_path / "report.html", MANIFEST), tmp_path / "report.html", [CAT])
    assert "None of these" not in without


def test_a_person_is_told_when_it_is_right(tmp_path):
    page = written(ReviewSink(tmp_path / "review.html", MANIFEST, 9), tmp_path / "review.html")
    assert "<h2>none of these <small>(nearest: cat)</small></h2>" in page
    assert "It is, where the image shows none of the model's other 2 labels." in page


def test_the_summary_of_a_run_counts_them(tmp_path):
    summary = RunSummary(inputs=4)
    for _ in range(2):
        summary.add(None, none_of_these=NONE.none_of_these)
    summary.add(None, abstained=True)
    summary.add("empty")
    assert str(summary) == "4 inputs = 3 predicted (2 none of these, 1 unsure) + 1 error (empty 1)"
    assert summary.as_dict()["none_of_these"] == 2
    assert "none_of_these" not in RunSummary().as_dict()
    for kind, name in ((JsonlSink, "rows.jsonl"), (CsvSink, "rows.csv"), (ParquetSink, "rows.parquet")):
        with kind(tmp_path / name) as sink:
            sink.append(NONE)
            sink.append(CAT)
        assert [row.none_of_these for row in kind.written(tmp_path / name)] == [True, False]
    assert not ExistingRow("a", None, abstained=False).none_of_these


def test_the_counts_outlive_a_process():
    summary, restored, journal = RunSummary(inputs=2), RunSummary(), Journal()
    summary.add(None, none_of_these=True)
    summary.add(None, grouped=True)
    summary.save(journal)
    restored.restore(journal)
    assert (restored.none_of_these, restored.grouped, restored.abstained, restored.rows) == (1, 1, 0, 2)


def test_the_description_of_the_server_says_what_the_label_means():
    from eyeful.server.app import create_app

    assert '"none of these"' in create_app(fake_classifier()).openapi()["info"]["description"]


def evaluation(judged=None, labels=LABELS, **asked):
    if judged is None:  # two cats right, one cat taken for a dog, two taken for none of these
        tops = [(0, 1, 2), (0, 1, 2), (1, 0, 2), (2, 0, 1), (2, 1, 0)]
        judged = [
            Judged(f"cat {n}.png", (0,), top(*order), rank=order.index(0) + 1) for n, order in enumerate(tops)
        ]
    return evaluation_of(judged, labels, model="mine", provenance=MANIFEST, truth="folders", **asked)


def test_evaluate_says_what_was_taken_for_none_of_these_apart_from_confusions():
    found = evaluation()
    assert [(one.label, one.answer, one.images) for one in found.confusions] == [("cat", "dog", 1)]
    assert [(one.label, one.images, one.examples) for one in found.none_of_these] == [
        ("cat", 2, ("cat 3.png", "cat 4.png"))
    ]
    assert (found.top1.right, found.top1.of, found.answered) == (2, 5, None)
    assert "2 of 5 images were taken for none of these (cat 2)." in found.summary()
    page = evaluation_page(found.to_dict(), {})
    assert "<h2>What is taken for none of these?</h2>\n<p>2 of 5 images, by the right label" in page
    assert "cat <em>taken for</em> none of these" in page


def test_evaluate_of_a_model_that_cannot_say_so():
    plain = Labels(("cat", "dog"), (None, None))
    judged = [Judged("cat.png", (0,), top(0, 1), rank=1)]
    found = evaluation(judged, plain, outsiders=[Judged("moon.png", (), top(1, 0))])
    assert (found.none_of_these, found.outsiders.none_of_these) == (None, None)
    assert not any(NONE_OF_THESE in line for line in found.summary())
    page = evaluation_page(found.to_dict(), {})
    assert NONE_OF_THESE not in page
    assert "every answer to them is wrong" in page


def test_what_is_taken_for_none_of_these_is_no_answer_above_a_threshold():
    judged = [
        Judged("a", (0,), top(0, 1, 2), rank=1),
        Judged("b", (0,), top(2, 0, 1), rank=2),
        Judged("c", (0,), top(1, 0, 2), rank=2, abstained=True),
    ]
    assert (evaluation(judged).answered.right, evaluation(judged).answered.of) == (1, 1)


def test_an_outsider_that_is_told_apart_is_not_wrong():
    outsiders = [Judged("a", (), top(2, 0, 1)), Judged("b", (), top(2, 1, 0)), Judged("c", (), top(1, 0, 2))]
    found = evaluation(outsiders=outsiders).outsiders
    assert (found.images, found.none_of_these) == (3, 2)
    assert [(one.label, one.images) for one in found.labels] == [("dog", 1)]
    assert [one.answered for one in found.answered_at if one.prob in (0.0, 0.5, 0.9)] == [1, 1, 0]
    known, outside = [0.6, 0.6, 0.6, 0, 0], [0, 0, 0.6]
    pairs = [(a > b) + (a == b) / 2 for a in known for b in outside]
    assert found.auroc == pytest.approx(np.mean(pairs))
    assert (
        "2 of 3 images of no label are rightly none of these, and 1 get a label with 50% or more; a scored image is "
        in " ".join(evaluation(outsiders=outsiders).summary())
    )
    page = evaluation_page(evaluation(outsiders=outsiders).to_dict(), {})
    assert "<b>2 of them are answered “none of these”</b>, as they should be; every label is wrong." in page
    assert "It called the others dog (1)." in page


def test_what_a_model_can_answer_with():
    assert choice_of(1000, none_of_these=False) == "one of 1,000 labels"
    assert choice_of(3, none_of_these=True) == "one of 2 labels or none of these"
