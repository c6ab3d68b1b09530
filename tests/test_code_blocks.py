"""Every block of code in the documents is run by a test, or says why it is not."""

import re
import shlex

import pytest

from documents import PAGES, ROOT, RUN_BY, commands, every_block
from test_deploy import parsed

GENERATED = ROOT / "docs" / "reference"
"""Made from the program and compared with it, so there is nothing to run."""
LISTED = [page for page in PAGES if GENERATED not in page.parents]


@pytest.mark.parametrize("page", LISTED, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_block_is_run_or_says_why_not(page):
    name = str(page.relative_to(ROOT))
    run = {kind for why, kind, _ in every_block(page) if not why}
    if page.parent.name != "tutorials":
        assert run == set(RUN_BY.get(name, {})), (
            f"{name}: for a block that no test runs, write <!-- not run: WHY --> above it; else name the test in RUN_BY"
        )
    marks = re.findall(r"^<!-- not run", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(marks) == sum(bool(why) for why, *_ in every_block(page))


@pytest.mark.parametrize("page", RUN_BY)
def test_the_test_that_is_named_reads_the_page(page):
    for test in set(RUN_BY[page].values()):
        source = (ROOT / test).read_text(encoding="utf-8")
        assert (ROOT / page).name in source or "RUN_BY" in source or "lesson" in test, test


NOT_RUN = [
    shlex.join(shlex.split(command, comments=True))
    for page in LISTED
    for why, kind, content in every_block(page)
    for command in commands(content)
    if why and kind in ("sh", "console") and command.startswith("eyeful ")
]


@pytest.mark.parametrize("command", NOT_RUN)
def test_what_is_not_run_is_spelled_as_the_program_takes_it(command):
    parsed(command)


def test_there_are_such():
    assert len(NOT_RUN) >= 10
