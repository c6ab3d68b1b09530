"""Write the tables of figures into the documents: `python tools/tables.py`; `--check` only says which are old.

What stands between `<!-- table: NAME -->` and `<!-- /table -->` is made of a file in `docs/data`, as
`table_columns.py` declares. A list item's table keeps its indentation.
"""

import json
import re
import sys
from pathlib import Path

from table_columns import TABLES, Table

ROOT = Path(__file__).parents[1]
DATA = ROOT / "docs" / "data"
_MARKED = re.compile(
    r"^(?P<indent> *)<!-- table: (?P<name>[\w-]+) -->\n.*?^ *<!-- /table -->$", re.DOTALL | re.MULTILINE
)


def main() -> None:
    """Write every page, or say which is old."""
    old = []
    for page in pages():
        text = page.read_text(encoding="utf-8")
        if (new := with_tables(text)) != text:
            old.append(page.relative_to(ROOT))
            if "--check" not in sys.argv:
                page.write_text(new, encoding="utf-8")
    for page in old:
        print(page)
    if "--check" in sys.argv and old:
        sys.exit("these tables are not those of docs/data: python tools/tables.py")


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
        lines = [f"<!-- table: {name} -->", "", *lines_of(TABLES[name]), "", "<!-- /table -->"]
        return "\n".join(indent + line if line else "" for line in lines)

    return _MARKED.sub(made, text)


def lines_of(table: Table) -> list[str]:
    """A table as Markdown."""
    rows = table.rows(json.loads((DATA / table.data).read_text(encoding="utf-8"))["rows"])
    cells = [list(table.columns), *([cell(row) for cell in table.columns.values()] for row in rows)]
    first, *others = (f"| {' | '.join(line)} |" for line in cells)
    return [first, "|---" * len(table.columns) + "|", *others]


if __name__ == "__main__":
    main()
