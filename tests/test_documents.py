"""The documents: reachable, linked right, in the words of the field; what they show is what comes out."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from documents import PAGES, ROOT, anchors, blocks, commands, links
from eyeful.cli import app
from eyeful.sources.samples import write_samples

DECISIONS = set((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
"""They have a list of their own (`test_decisions.py`)."""


def pages_linked_from(page: Path) -> set[Path]:
    found = (page.parent / link.partition("#")[0] for link in links(page) if "://" not in link)
    return {path.resolve() for path in found if path.suffix == ".md"}


@pytest.mark.parametrize(
    "page", sorted({*PAGES, *ROOT.glob("*.md")}), ids=lambda page: str(page.relative_to(ROOT))
)
def test_links_lead_somewhere(page):
    for link in links(page):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_two_clicks_from_the_readme():
    first = pages_linked_from(ROOT / "README.md")
    second = {target for page in first for target in pages_linked_from(page)}
    assert set(PAGES) - {ROOT / "README.md"} - DECISIONS <= first | second


def test_the_list_of_documents_is_whole():
    listed = pages_linked_from(ROOT / "docs" / "README.md")
    assert set((ROOT / "docs").rglob("*.md")) - {ROOT / "docs" / "README.md"} - DECISIONS <= listed


PHRASES = ["the account", "from your hand", "all else is", "manners", "told at once", "mends"]


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.parent.name != "lesson"], ids=lambda page: page.name
)
def test_plain_technical_english(page):
    text = page.read_text(encoding="utf-8")
    assert [phrase for phrase in PHRASES if phrase in text] == []
    assert re.findall(r"\d %", text) == []


def test_extras_are_those_of_the_package():
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rows = re.findall(r"^\| `(\w+)` \| .+ \| `(.+)` \|$", (ROOT / "docs" / "extras.md").read_text(), re.MULTILINE)
    assert {extra for extra, _ in rows} == set(package["project"]["optional-dependencies"])
    together = {"dev": "all,dev", "slow": "all,dev,slow"}
    for extra, command in rows:
        assert command == f'pip install -e ".[{together.get(extra, extra)}]"'


def test_a_row_as_it_is_shown(tmp_path, monkeypatch):
    page = ROOT / "docs" / "runs.md"
    (command,) = commands(blocks(page, "console")[0][1])
    write_samples(tmp_path / "samples")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, command.split()[1:])
    row, shown = json.loads(result.stdout), json.loads(blocks(page, "json")[0][1])
    assert row == nearly(shown)


def nearly(value):
    """The same, with numbers as near as another processor may have them."""
    if isinstance(value, float):
        return pytest.approx(value, rel=0.05, abs=0.02)
    if isinstance(value, list):
        return [nearly(one) for one in value]
    return {name: nearly(one) for name, one in value.items()} if isinstance(value, dict) else value


def test_the_readme_shows_the_table_that_comes_out(tmp_path, monkeypatch):
    (shown,) = [content for kind, content in blocks(ROOT / "README.md", "text")]
    name, *lines = shown.splitlines()
    write_samples(tmp_path / "samples")
    monkeypatch.chdir(tmp_path)
    top = json.loads(CliRunner().invoke(app, ["predict", name]).stdout)["top"]
    for line, score in zip(lines, top, strict=True):
        label, percent = re.fullmatch(r"  (.+?)  .* ([\d.]+)%", line).groups()
        assert label == score["label"]
        assert float(percent) / 100 == pytest.approx(score["prob"], abs=0.02)


def test_judging_as_the_faq_has_it(tmp_path):
    page = ROOT / "docs" / "faq.md"
    write_samples(tmp_path / "samples")
    (tmp_path / "judged.csv").write_text(blocks(page, "csv")[0][1])
    done = subprocess.run(
        [sys.executable, "-c", blocks(page, "python")[0][1]], capture_output=True, text=True, cwd=tmp_path
    )
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "3 of 3 right, between 44% and 100%"), done.stderr
