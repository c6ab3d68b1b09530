"""CHANGELOG.md has the form of Keep a Changelog 1.1, which releases and readers rely on."""

import re
from itertools import pairwise

from documents import ROOT

PAGE = ROOT / "CHANGELOG.md"
TEXT = PAGE.read_text(encoding="utf-8")
KINDS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
VERSIONS = re.findall(r"^## \[([^\]]+)\](.*)$", TEXT, re.MULTILINE)


def test_versions_are_dated_and_linked():
    assert VERSIONS[0] == ("Unreleased", "")
    assert all(re.fullmatch(r" - \d{4}-\d\d-\d\d", dated) for _, dated in VERSIONS[1:])
    assert all(newer >= older for (_, newer), (_, older) in pairwise(VERSIONS[1:]))
    links_below = re.findall(r"^\[([^\]]+)\]: https://github\.com/eyeful/eyeful/\S+$", TEXT, re.MULTILINE)
    assert links_below == [version for version, _ in VERSIONS]


def test_changes_are_of_six_kinds_and_breaking_ones_come_first():
    for section in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]:
        kinds = re.findall(r"^### (?!Upgrading from )(.+)$", section, re.MULTILINE)
        assert kinds == [kind for kind in KINDS if kind in kinds]
        for part in re.split(r"^### ", section, flags=re.MULTILINE)[1:]:
            breaking = [line.startswith("**Breaking** ") for line in re.findall(r"^- (.+)$", part, re.MULTILINE)]
            assert breaking == sorted(breaking, reverse=True), part[:200]
