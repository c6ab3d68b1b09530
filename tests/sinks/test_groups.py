"""Groups and prediction sets in rows, in every format; rows of runs without are as they ever were."""

import csv
import json
from dataclasses import replace

import pytest

from eyeful.errors import OutputError, UsageError
from eyeful.journal import Journal
from eyeful.runs import PartsOutput, RunSummary, open_output, run
from eyeful.runs.join import check_complete
from eyeful.shards import open_storage
from eyeful.shards.parts import join
from eyeful.sinks.csv import COLUMNS, CsvSink
from eyeful.sources import open_source
from eyeful.types import Group
from helpers import fake_classifier, write_colours

ENDINGS = ("rows.jsonl", "rows.csv", "rows.parquet", "rows/")
WARM = Group("warm colour", "n00000001", 0.9, 2)
COLD = Group("blue", None, 1.0, 1)
GROUPS = {"red": WARM, "green": None, "blue": COLD}


class Grouping:
    """A classifier whose answers are grouped by hand, by colour; with a calibration, each has a set of two labels."""

    def __init__(self, sure=None, calibration=None, **options):
        self._classifier = fake_classifier(**options)
        spec = self._classifier.spec
        self.spec = replace(spec, sure=sure, pinned=spec.pinned | {"calibration": calibration})
        self._sets = calibration

    def __getattr__(self, name):
        return getattr(self._classifier, name)

    def stream(self, *arguments, **options):
        for row in self._classifier.stream(*arguments, **options):
            sure = self.spec.sure if row.ok else None
            group = GROUPS[row.label] if sure is not None else None
            yield replace(
                row, sure=sure, group=group, prediction_set=row.top[:2] if self._sets and row.ok else None
            )


def go(name, inputs=".", *, classifier=None, **options):
    """A run over a folder of colours, every seventh of which is no image."""
    classifier = classifier or Grouping(sure=0.8)
    source = open_source(inputs, undivided=name.endswith("/"))
    return run(classifier, source, output=open_output(name, **options))


@pytest.fixture
def colours(tmp_path, monkeypatch):
    folder = tmp_path / "colours"
    folder.mkdir()
    monkeypatch.chdir(write_colours(folder, 12))
    return folder


def rows_of(name):
    if name.endswith(".jsonl"):
        with open(name, encoding="utf-8") as file:  # noqa: PTH123
            return [json.loads(line) for line in file]
    if name.endswith(".csv"):
        with open(name, encoding="utf-8", newline="") as file:  # noqa: PTH123
            found = list(csv.DictReader(file))
        cells = ("group", "prediction_set")
        return [row | {cell: json.loads(row[cell]) for cell in cells if row.get(cell)} for row in found]
    return pytest.importorskip("pyarrow.parquet").read_table(name).to_pylist()


def expected(place):
    """The group of the image at this place, as its row has it."""
    group = None if place % 7 == 3 else GROUPS[("red", "green", "blue")[place % 3]]
    return group.to_dict() if group else None


@pytest.mark.parametrize("name", ENDINGS)
def test_every_format_holds_the_group_of_every_image(name, colours):
    name = f"../{name}"
    assert go(name).rows == 12
    rows = rows_of(name)
    assert [row.get("group") or None for row in rows] == [expected(place) for place in range(12)]
    assert not any(row.get("prediction_set") for row in rows)


@pytest.mark.parametrize("name", ENDINGS)
@pytest.mark.parametrize("done", [1, 3, 4, 12])
def test_a_resumed_run_has_them_in_the_same_columns(name, done, colours):
    name, whole = f"../{name}", f"../whole-{name}"
    go(name, sorted(map(str, colours.glob("*.png")))[:done])
    go(name, sorted(map(str, colours.glob("*.png"))), resume=True)
    go(whole, sorted(map(str, colours.glob("*.png"))))
    assert rows_of(name) == rows_of(whole)


@pytest.mark.parametrize("name", ENDINGS)
@pytest.mark.parametrize("done", [0, 4, 12])
def test_the_summary_counts_groups_and_guesses_those_that_were_there_too(name, done, colours):
    inputs = sorted(map(str, colours.glob("*.png")))
    if done:
        go(f"../{name}", inputs[:done])
    summary = go(f"../{name}", inputs, resume=True)
    assert str(summary) == "12 inputs = 10 predicted (3 groups, 3 unsure) + 2 errors (unidentified 2)"
    assert summary.as_dict()["grouped"] == 3
    after_crash, journal = RunSummary(), Journal()
    summary.save(journal)
    after_crash.restore(journal)
    assert str(after_crash) == str(summary)


def test_without_groups_a_summary_says_nothing_of_them(colours):
    summary = go("../rows.jsonl", classifier=Grouping(min_prob=0.999999))
    assert "grouped" not in summary.as_dict()
    assert "group" not in str(summary)


def test_every_part_has_the_column_even_one_of_errors_alone(colours, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    run(
        Grouping(sure=0.8),
        open_source(".", undivided=True),
        output=PartsOutput(f"{tmp_path}/parts/", shard_rows=1),
    )
    parts = sorted((tmp_path / "parts").glob("part-*"))
    assert len(parts) == 12
    assert {tuple(parquet.read_schema(part).names) for part in parts} == {(*COLUMNS, "group", "columns")}
    assert parquet.read_table(parts[3]).to_pylist()[0]["group"] is None
    storage = open_storage(f"{tmp_path}/parts/")
    assert join(storage, list(check_complete(storage).parts), tmp_path / "all.parquet") == 12
    assert [row["group"] for row in rows_of(f"{tmp_path}/all.parquet")] == [expected(place) for place in range(12)]


def test_a_calibration_with_a_coverage_gives_every_part_its_sets(colours):
    parquet = pytest.importorskip("pyarrow.parquet")
    for coverage, names in ((None, ["columns"]), ({"at_least": 0.9}, ["prediction_set", "columns"])):
        name = f"../{'sets' if coverage else 'none'}/"
        classifier = Grouping(calibration={"coverage": coverage})
        classifier._sets = coverage
        go(name, classifier=classifier)
        table = parquet.read_table(name)
        assert table.schema.names == [*COLUMNS, *names]
    rows = table.to_pylist()
    assert rows[0]["prediction_set"] == rows[0]["top"][:2]
    assert rows[3]["prediction_set"] is None


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_what_comes_late_has_its_place_before_a_lists_columns(name, colours):
    (colours / "l.csv").write_text("file,n\n00.png,1\n03.png,2\n")
    both = Grouping(sure=0.8, calibration={"coverage": {}})
    go(f"../{name}", ["03.png", "l.csv", "00.png"], classifier=both)
    error, first, again, last = rows_of(f"../{name}")
    assert list(error) == [*COLUMNS, "group", "prediction_set", "columns"]
    assert not error["group"]
    assert not error["columns"]
    assert again["columns"]
    assert first["group"] == last["group"] == WARM.to_dict()
    assert [score["label"] for score in last["prediction_set"]] == [
        score.label for score in both.predict("00.png").top[:2]
    ]


def test_rows_with_another_share_are_not_gone_on_with(colours):
    for name in ENDINGS:
        go(f"../{name}")
        with pytest.raises(UsageError, match=r"sure was 0\.8, is 0\.9"):
            go(f"../{name}", classifier=Grouping(sure=0.9), resume=True)
        with pytest.raises(UsageError, match=r"sure was 0\.8, is not set"):
            go(f"../{name}", classifier=Grouping(), resume=True)


@pytest.mark.parametrize("header", ["columns,group", "group,group", "groups"])
def test_other_columns_are_no_rows_of_ours(header, tmp_path):
    (tmp_path / "rows.csv").write_text(f"{','.join(COLUMNS)},{header}\n")
    with pytest.raises(OutputError, match="other columns"):
        list(CsvSink.written(tmp_path / "rows.csv"))
