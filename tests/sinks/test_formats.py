"""Formats of rows are registered through entry points, eyeful's own and other packages' alike."""

import subprocess
import sys

import pytest

from eyeful import plugins
from eyeful.errors import UsageError
from eyeful.sinks import format_of, formats
from eyeful.sinks.csv import CsvSink
from eyeful.sinks.jsonl import JsonlSink
from eyeful.sinks.parquet import ParquetSink
from eyeful.types import Prediction

TSV = """
from eyeful.sinks.jsonl import JsonlSink

class TsvSink(JsonlSink):
    suffix = ".tsv"

    def append(self, prediction):
        self._file.write(f"{prediction.filename}\\t{prediction.label}\\n")

class JsonThief(JsonlSink):
    pass

class Nameless:
    suffix = None
"""


@pytest.fixture
def outsider(tmp_path, monkeypatch):
    """Installs a package with sinks under other entry points than eyeful's; gives the function that does."""

    def install(entries):
        place = tmp_path / "site"
        (place / "outsider-1.dist-info").mkdir(parents=True)
        (place / "outsider-1.dist-info" / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: outsider\nVersion: 1\n"
        )
        (place / "outsider-1.dist-info" / "entry_points.txt").write_text(f"[eyeful.sinks]\n{entries}\n")
        (place / "outsider_sinks.py").write_text(TSV)
        monkeypatch.syspath_prepend(str(place))
        forget()

    def forget():
        plugins.refresh()
        sys.modules.pop("outsider_sinks", None)

    yield install
    monkeypatch.undo()
    forget()


def test_eyefuls_own_formats():
    assert formats() == {".csv": CsvSink, ".jsonl": JsonlSink, ".parquet": ParquetSink}
    assert format_of("rows.JSONL") is JsonlSink


def test_a_format_of_another_package_is_one_class_and_its_entry_point(outsider, tmp_path):
    with pytest.raises(UsageError, match=r"one of \.csv, \.jsonl, \.parquet"):
        format_of("rows.tsv")
    outsider("tsv = outsider_sinks:TsvSink")
    with format_of("rows.tsv")(tmp_path / "rows.tsv") as sink:
        sink.append(Prediction("a.png", error_kind="empty", error="it is empty"))
    assert (tmp_path / "rows.tsv").read_text() == "a.png\tNone\n"


def test_another_package_does_not_take_over_a_format_of_ours(outsider):
    outsider("another = outsider_sinks:JsonThief")
    assert format_of("rows.jsonl") is JsonlSink


def test_a_sink_that_does_not_say_its_ending_is_named_and_harms_no_other(outsider, caplog):
    outsider("nameless = outsider_sinks:Nameless")
    assert format_of("rows.jsonl") is JsonlSink
    assert "the plug-in 'nameless' of the package outsider" in caplog.text
    assert "no class with a suffix" in caplog.text


def test_pyarrow_is_imported_for_parquet_alone():
    code = (
        "import sys; from eyeful.sinks import format_of, formats; formats()\n"
        "for name in ('rows.jsonl', 'rows.csv'): format_of(name)\n"
        "assert 'pyarrow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
