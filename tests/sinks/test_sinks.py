"""Rows in every format, with names that try to break them."""

import base64
import csv
import io
import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from eyeful.errors import OutputError, UsageError
from eyeful.filenames import printable
from eyeful.sinks import format_of, formats
from eyeful.sinks.csv import CsvSink
from eyeful.sinks.figures import FiguresSink, plot
from eyeful.sinks.jsonl import JsonlSink
from eyeful.sinks.parquet import ParquetSink
from eyeful.sinks.table import TableSink, bar
from eyeful.types import Prediction, Score

HOSTILE = [
    '=HYPERLINK("http--evil","x").png',
    "+cmd.png",
    "-rf.png",
    "@SUM(1).png",
    'a"b,c.png',
    "a\nb.png",
    "a\r\nX-Injected: 1.png",
    "\x1b[31mred.png",
    "\u202egnp.exe.png",
    "<script>alert(1)</script>.png",
    "{{7*7}}.png",
    "🐱.png",
    os.fsdecode(b"bad\xff\xfeutf8.png"),
]


def good(filename="cat.png", prob=0.7, **extra) -> Prediction:
    top = (Score(1, "n1", "tabby", prob, 2.5), Score(0, None, "<b>tiger", 1 - prob, 1.5))
    return Prediction(filename, top, thumbnail=np.full((6, 8, 3), 99, np.uint8), **extra)


def bad(filename="bad.png") -> Prediction:
    return Prediction(filename, error_kind="truncated", error="its pixels cannot be decoded")


def test_a_row_has_the_fields_of_the_contract():
    row = good(warnings=("exif_rotated",)).to_dict()
    assert list(row) == [
        *("filename", "status", "index", "wnid", "label", "prob", "logit"),
        *("abstained", "top", "warnings", "error_kind", "error"),
    ]
    assert row["top"][1] == {"index": 0, "wnid": None, "label": "<b>tiger", "prob": 0.3, "logit": 1.5}
    failed = bad().to_dict()
    assert (failed["status"], failed["label"], failed["top"], failed["error_kind"]) == (
        "error",
        None,
        [],
        "truncated",
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_survive_in_json_lines(name, tmp_path):
    with JsonlSink(tmp_path / "rows.jsonl") as sink:
        sink.append(good(name))
        sink.append(bad(name))
    lines = (tmp_path / "rows.jsonl").read_text(encoding="utf-8").split("\n")
    assert len(lines) == 3
    row = json.loads(lines[0])
    if "filename_b64" in row:
        assert base64.b64decode(row["filename_b64"]) == os.fsencode(name)
    else:
        assert row["filename"] == name


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_in_csv_begin_no_formula(name, tmp_path):
    with CsvSink(tmp_path / "rows.csv") as sink:
        sink.append(good(name))
        sink.append(bad(name))
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2
    assert rows[0]["filename"][0] not in "=+-@"
    assert json.loads(rows[0]["top"])[0]["label"] == "tabby"
    assert rows[1]["error_kind"] == "truncated"
    assert rows[1]["prob"] == ""


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1))
@settings(max_examples=200)
def test_any_name_is_one_line_of_json(name):
    stream = io.StringIO()
    with JsonlSink(stream) as sink:
        sink.append(good(name))
    assert stream.getvalue().count("\n") == 1
    assert json.loads(stream.getvalue())["filename"] == name


@pytest.mark.parametrize("name", HOSTILE)
def test_the_table_cannot_move_the_cursor(name):
    stream = io.StringIO()
    with TableSink(Console(file=stream, width=100)) as sink:
        sink.append(good(name))
        sink.append(bad(name))
        sink.append(good(name, abstained=True))
    text = stream.getvalue()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "tabby" in text
    assert "70.0%" in text
    assert "truncated: its pixels" in text
    assert "unsure (tabby?)" in text
    assert printable(name) in text


def test_bars():
    assert bar(1.0, 8) == "████████"
    assert bar(0.5, 8) == "████"
    assert bar(0.0, 8) == ""
    assert bar(1 / 64, 8) == "▏"


def test_the_lessons_figure():
    figure = plot(good())
    left, right = figure.axes
    assert left.get_title() == "Input Image"
    assert not left.axison
    assert right.get_title() == "Top 2 Predictions"
    assert right.get_xlabel() == "Probability"
    assert [label.get_text() for label in right.get_yticklabels()] == ["tabby", "<b>tiger"]
    assert [patch.get_width() for patch in right.patches] == pytest.approx([0.7, 0.3])
    assert right.yaxis_inverted(), "the best label is on top"
    assert tuple(figure.get_size_inches()) == (6, 3)


def test_figures_are_numbered_by_input(tmp_path):
    with FiguresSink(tmp_path) as sink:
        for prediction in (good("a/../$x.y.png"), bad(), good("../../etc/passwd")):
            sink.append(prediction)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0001-_x_y.png", "0003-image.png"]


def test_an_error_cannot_be_plotted():
    with pytest.raises(UsageError, match="no answer to plot"):
        plot(bad())


def test_an_unknown_format_and_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(UsageError, match=r"\.csv, \.jsonl, \.parquet"):
        format_of("rows.xlsx")
    (tmp_path / "file").touch()
    for ending, kind in formats().items():
        with pytest.raises(OutputError, match="cannot write"), kind(tmp_path / "file" / f"rows{ending}"):
            pass


ANY_NAME = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1),
    st.binary(min_size=1).map(os.fsdecode),
)


@pytest.mark.parametrize("ending", formats())
@given(st.lists(ANY_NAME, max_size=6), st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_found_again_and_gone_on_with(ending, names, cut):
    """Hostile names, a last row that was cut off, then more rows: what a resumed run stands on."""
    kind = formats()[ending]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"rows{ending}"
        with kind(path) as sink:
            for name in names:
                sink.append(bad(name))
        if names and cut and path.suffix != ".parquet":  # a part is whole or not there
            content = path.read_bytes()
            header = content.index(b"\n") + 1 if ending == ".csv" else 0
            path.write_bytes(content[: max(header, len(content) - cut)])
        there = list(kind.written(path))
        assert [row.filename for row in there] == names[: len(there)]
        assert len(there) >= len(names) - 1 or cut
        with kind(path, resume=True) as sink:
            sink.append(good("more.png", abstained=True))
        found = list(kind.written(path))
        assert [row.filename for row in found] == [*names[: len(there)], "more.png"]
        assert {row.error_kind for row in found[:-1]} <= {"truncated"}
        assert (found[-1].error_kind, found[-1].abstained) == (None, True)


def test_parquet_rows_are_those_of_the_contract(tmp_path):
    import pyarrow.parquet

    rows = [good(warnings=("exif_rotated",)), bad(), good(HOSTILE[-1])]
    with ParquetSink(tmp_path / "rows.parquet", record={"fingerprint": "abc"}) as sink:
        for row in rows:
            sink.append(row)
    table = pyarrow.parquet.read_table(tmp_path / "rows.parquet")
    assert json.loads(table.schema.metadata[b"eyeful"]) == {"fingerprint": "abc"}
    for found, expected in zip(table.to_pylist(), rows, strict=True):
        assert {name: value for name, value in found.items() if name != "filename_b64" or value} == (
            expected.to_dict()
        )
    assert [path.name for path in tmp_path.iterdir()] == ["rows.parquet"]
