"""Write the tables of figures into the documents: `python tools/tables.py`, a part of `make reference`.

What stands between `<!-- table: NAME -->` and `<!-- /table -->` is made of a file in `docs/data`, as
`table_columns.py` declares, with a line that says when and where it was measured, and by what. A list item's table
keeps its indentation.
"""

import json
import re
from pathlib import Path
from typing import Any

from reference_pages.markdown import table
from table_columns import TABLES

ROOT = Path(__file__).parents[1]
DATA = ROOT / "docs" / "data"
_MARKED = re.compile(
    r"^(?P<indent> *)<!-- table: (?P<name>[\w-]+) -->\n.*?^ *<!-- /table -->$", re.DOTALL | re.MULTILINE
)


def main() -> None:
    """Write every page."""
    for page in pages():
        page.write_text(with_tables(page.read_text(encoding="utf-8")), encoding="utf-8")


def pages() -> list[Path]:
    """The documents that may hold tables."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def names(text: str) -> list[str]:
    """The tables of a page."""
    return [found["name"] for found in _MARKED.finditer(text)]


def with_tables(text: str) -> str:
    """A page with each of its tables made anew."""

    def made(found: re.Match[str]) -> str:
        name, indent = found["name"], found["indent"]
        lines = [f"<!-- table: {name} -->", "", *lines_of(name), "", "<!-- /table -->"]
        return "\n".join(indent + line if line else "" for line in lines)

    return _MARKED.sub(made, text)


def lines_of(name: str) -> list[str]:
    """A table as Markdown, and where its figures come from."""
    declared = TABLES[name]
    found = json.loads((DATA / declared.data).read_text(encoding="utf-8"))
    rows = ([cell(row) for cell in declared.columns.values()] for row in declared.rows(found["rows"]))
    return [*table(list(declared.columns), rows).splitlines(), "", measured(found["measured"])]


def measured(said: dict[str, Any]) -> str:
    """When, of which commit, where and by what."""
    commit = f" at commit {said['commit']}" if said["commit"] else ""
    return f"*Measured {said['date']}{commit}, on {said['machine']}: `{said['command']}`*"


if __name__ == "__main__":
    main()
