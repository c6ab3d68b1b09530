"""What the documents hold, for the tests that run it: fenced blocks, commands, links."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
_BLOCK = re.compile(r"(?:^<!-- not run: ([^\n]+) -->\n\n?)?^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)

RUN_BY: dict[str, dict[str, str]] = {
    "README.md": {
        "console": "tests/test_readme.py",
        "text": "tests/test_documents.py",
        "python": "tests/test_readme.py",
    },
    "docs/choosing-a-model.md": {"console": "tests/test_readme.py"},
    "docs/cluster.md": {"console": "tests/test_readme.py"},
    "docs/evaluate.md": {"console": "tests/test_evaluate_doc.py"},
    "docs/exactness.md": {"console": "tests/test_readme.py"},
    "docs/faq.md": {"csv": "tests/test_documents.py", "python": "tests/test_documents.py"},
    "docs/large-runs.md": {"console": "tests/test_large_runs.py", "python": "tests/test_large_runs.py"},
    "docs/lesson/cnn_inference.md": {"python": "tests/lessons/test_lesson.py"},
    "docs/models.md": {"console": "tests/test_readme.py"},
    "docs/plugins.md": {"toml": "tests/plugins/test_plugins.py", "python": "tests/plugins/test_plugins.py"},
    "docs/python.md": {"python": "tests/test_readme.py"},
    "docs/runs.md": {"console": "tests/test_documents.py", "json": "tests/test_documents.py"},
    "docs/serving.md": {
        "sh": "tests/server/test_documented_calls.py",
        "json": "tests/server/test_documented_calls.py",
        "python": "tests/server/test_create_app.py",
    },
    "docs/similar.md": {"console": "tests/test_readme.py", "python": "tests/test_similar_doc.py"},
    "docs/teach.md": dict.fromkeys(("console", "sh", "csv", "python"), "tests/test_teach_doc.py"),
}
"""Which test runs the blocks of a page, by language; those of docs/tutorials/ are run by tests/test_tutorials.py.

A block that no test runs has the reason above it: `<!-- not run: needs two machines -->`.
"""


def every_block(page: Path) -> list[tuple[str, str, str]]:
    """The fenced blocks of a page: why it is not run ("" if it is), its language, its content."""
    return _BLOCK.findall(page.read_text(encoding="utf-8"))


def blocks(page: Path, language: str = "") -> list[tuple[str, str]]:
    """The fenced blocks of a page that are run, each with its language; of one language only if one is named."""
    return [(kind, content) for why, kind, content in every_block(page) if not why and language in ("", kind)]


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
