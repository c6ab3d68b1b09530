"""The tables of figures in the documents are those of `docs/data`, and say where they come from."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tools"))

import tables  # noqa: E402 - a script's module, in no package

MARKED = {page: found for page in tables.pages() if (found := tables.names(page.read_text(encoding="utf-8")))}


@pytest.mark.parametrize("page", MARKED, ids=lambda page: page.name)
def test_a_table_is_that_of_its_figures(page):
    text = page.read_text(encoding="utf-8")
    assert tables.with_tables(text) == text, "python tools/tables.py"
    assert text.count("<!-- table:") == text.count("<!-- /table -->") == len(MARKED[page])


def test_every_declared_table_stands_somewhere_and_every_file_makes_one():
    shown = {name for found in MARKED.values() for name in found}
    assert shown == set(tables.TABLES)
    assert {table.data for table in tables.TABLES.values()} == {file.name for file in tables.DATA.glob("*.json")}


@pytest.mark.parametrize("file", sorted(tables.DATA.glob("*.json")), ids=lambda file: file.stem)
def test_figures_say_what_ran_where_and_when(file):
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["rows"]
    assert {"date", "machine", "command", "commit", "versions"} <= set(found["measured"])
    assert "eyeful" in found["measured"]["versions"]


def test_a_changed_figure_changes_its_table(tmp_path, monkeypatch):
    for file in tables.DATA.glob("*.json"):
        (tmp_path / file.name).write_text(
            file.read_text(encoding="utf-8").replace('"speed": 0.51', '"speed": 0.52')
        )
    monkeypatch.setattr(tables, "DATA", tmp_path)
    page = next(page for page, found in MARKED.items() if "models" in found)
    text = page.read_text(encoding="utf-8")
    assert tables.with_tables(text) == text.replace("| 4.1 | 0.51 |", "| 4.1 | 0.52 |")
