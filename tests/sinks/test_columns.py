"""A list's columns in rows, in every format; rows without are as they ever were."""

import csv
import json

import pytest

from eyeful.runs import open_output, run
from eyeful.sinks import formats
from eyeful.sinks.csv import COLUMNS
from eyeful.sources import open_source
from helpers import fake_classifier, noise_image

ENDINGS = ("rows.jsonl", "rows.csv", "rows.parquet", "rows/")
EXPECTED = [None, {"label": "=1+1", "n": "1"}, {"label": "", "n": "a\nb"}, None]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An image, and a list of it and of a missing one."""
    monkeypatch.chdir(tmp_path)
    noise_image(0, 9, 9).save("a.png")
    (tmp_path / "l.csv").write_text('file,label,n\na.png,=1+1,1\nnone.png,,"a\nb"\n')
    return tmp_path


def go(inputs, name, **options):
    run(fake_classifier(), open_source(inputs, undivided=name.endswith("/")), output=open_output(name, **options))


def columns_of(name):
    if name.endswith(".jsonl"):
        with open(name, encoding="utf-8") as file:  # noqa: PTH123
            return [json.loads(line).get("columns") for line in file]
    if name.endswith(".csv"):
        with open(name, encoding="utf-8", newline="") as file:  # noqa: PTH123
            return [json.loads(row["columns"]) if row.get("columns") else None for row in csv.DictReader(file)]
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = parquet.read_table(name).to_pylist()
    return [dict(row["columns"]) if row.get("columns") is not None else None for row in rows]


@pytest.mark.parametrize("name", ENDINGS)
def test_columns_are_in_the_rows_of_the_list_alone(name, folder):
    go(["a.png", "l.csv", "a.png"], name)
    assert columns_of(name) == EXPECTED


@pytest.mark.parametrize("name", ENDINGS)
@pytest.mark.parametrize("done", [1, 2])
def test_a_resumed_run_has_them_too(name, done, folder):
    go(["a.png", "l.csv"][:done], name)
    go(["a.png", "l.csv", "a.png"], name, resume=True)
    assert columns_of(name) == EXPECTED
    if "." in name:
        kind = formats()["." + name.partition(".")[2]]
        assert [row.filename for row in kind.written(folder / name)] == ["a.png", "a.png", "none.png", "a.png"]


@pytest.mark.parametrize("name", ENDINGS)
def test_without_a_manifest_rows_are_as_they_were(name, folder):
    (folder / "plain.csv").write_text("file\na.png\nnone.png\n")
    go(["a.png", "plain.csv"], name)
    assert columns_of(name) == [None] * 3
    if name == "rows.csv":
        assert (folder / name).read_text().splitlines()[0] == ",".join(COLUMNS)
    if name == "rows.jsonl":
        assert '"columns"' not in (folder / name).read_text()
    if name in ("rows.parquet", "rows/"):
        names = pytest.importorskip("pyarrow.parquet").read_table(name).schema.names
        assert names == [*COLUMNS, *(["columns"] if name == "rows/" else [])], "all parts have one schema"


def test_json_values_stay_what_they_are(folder):
    (folder / "l.jsonl").write_text('{"file": "a.png", "n": 3, "l": [null, {"x": 1.5}]}\n')
    for name in ("rows.jsonl", "rows.csv"):
        go("l.jsonl", name)
        assert columns_of(name) == [{"n": 3, "l": [None, {"x": 1.5}]}]
    go("l.jsonl", "rows.parquet")
    assert columns_of("rows.parquet") == [{"n": "3", "l": '[null, {"x": 1.5}]'}], "texts, for one schema"


def test_predictions_carry_them(folder):
    found, missing = fake_classifier().predict("l.csv")
    assert found.columns == {"label": "=1+1", "n": "1"}
    assert missing.columns == {"label": "", "n": "a\nb"}
    assert {found, missing} == {found, missing}, "they can be hashed"
    assert list(found.to_dict())[-1] == "columns"
