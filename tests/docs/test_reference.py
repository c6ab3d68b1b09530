"""docs/reference is what the program says of itself; `make reference` writes it anew."""

import re

import pytest
from reference_pages import PAGES
from reference_pages.command_line import ENVIRONMENT

from documents import ROOT

FOLDER = ROOT / "docs" / "reference"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_the_program_does(name, monkeypatch, tmp_path):
    for variable, value in (
        ("COLUMNS", "40"),
        ("HOME", tmp_path),
        ("EYEFUL_HOME", tmp_path),
        ("OMP_NUM_THREADS", "3"),
    ):
        monkeypatch.setenv(variable, str(value))
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name](), "`make reference` writes it anew"


def test_no_page_is_left_of_what_is_gone():
    assert {path.name for path in FOLDER.iterdir()} - {"python.md"} == set(PAGES)


def test_the_environment_variables_are_those_that_are_read():
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    set_by_eyeful = {"EYEFUL_NODE"}  # on each node of a cluster
    assert set(re.findall(r"\bEYEFUL_[A-Z]+\b", source)) - set_by_eyeful == set(ENVIRONMENT)
