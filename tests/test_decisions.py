"""The decisions: one file each, of one form, all of them listed."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "decisions"
FILES = sorted(FOLDER.glob("[0-9]*.md"))
HEADINGS = ["Status", "Context", "Decision", "Alternatives", "Consequences"]


def title_of(path: Path) -> tuple[int, str]:
    number, title = re.match(r"# (\d+)\. (.+)\n", path.read_text(encoding="utf-8")).groups()
    return int(number), title


def test_the_list_has_every_decision_in_order():
    rows = re.findall(r"^\| (\d+) \| \[(.+)\]\((.+)\) \| .+ \|$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert [(int(number), title, name) for number, title, name in rows] == [
        (*title_of(path), path.name) for path in FILES
    ]


def test_numbers_have_no_holes():
    assert [int(path.name[:4]) for path in FILES] == [title_of(path)[0] for path in FILES]
    assert [title_of(path)[0] for path in FILES] == list(range(1, len(FILES) + 1))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name[:4])
def test_a_decision_has_five_parts(path):
    parts = re.split(r"^## (.+)\n\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert parts[1::2] == HEADINGS
    assert all(part.strip() for part in parts[2::2])
    assert re.match(r"(Accepted|Superseded by \[\d+\]\(\d{4}-[\w-]+\.md\)), \d{4}-\d\d-\d\d[.;]", parts[2])
