"""What the documents hold, for the tests that run it: fenced blocks, commands, links."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks(page: Path, language: str = "") -> list[tuple[str, str]]:
    """The fenced blocks of a page, each with its language; of one language only if one is named."""
    found = _BLOCK.findall(page.read_text(encoding="utf-8"))
    return [(kind, content) for kind, content in found if language in ("", kind)]


def commands(content: str) -> list[str]:
    """The commands in a block of shell; one goes on behind a pipe, a backslash or an open quotation mark."""
    found: list[str] = []
    for line in content.splitlines():
        if found and (found[-1].endswith(("|", "\\")) or found[-1].count("'") % 2):
            found[-1] += f"\n{line}"
        elif line.strip() and not line.startswith("#"):
            found.append(line.removeprefix("$ "))
    return found


def links(page: Path) -> list[str]:
    """Where the links and images of a page lead: paths and addresses, with their anchors."""
    prose = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    return re.findall(r"\]\(([^)\s]+)\)", prose)


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    prose = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ +(.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
