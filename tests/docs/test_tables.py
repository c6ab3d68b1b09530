"""The tables of figures in the documents are those of `docs/data`, and say where they come from."""

import json

import pytest
import tables

MARKED = {page: found for page in tables.pages() if (found := tables.names(page.read_text(encoding="utf-8")))}


@pytest.mark.parametrize("page", MARKED, ids=lambda page: page.name)
def test_a_table_is_that_of_its_figures(page):
    text = page.read_text(encoding="utf-8")
    assert tables.with_tables(text) == text, "`make reference` writes it anew"
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
