"""Sources are plug-ins: eyeful's own and those of other packages, light, and asked in a stated order."""

import subprocess
import sys

from eyeful import plugins
from eyeful.sources import SourceKind, is_countable, is_repeatable

OUTSIDER = """
from eyeful.sources import SourceKind
from eyeful.types import Item

def matches(text):
    return str(text).startswith("numbers://")

def items(text, search, ignored):
    for number in range(int(str(text).rpartition("/")[2])):
        yield Item(f"{text}#{search.column or number}", b"")

SOURCE = SourceKind(matches, items, priority=100, heeds=("column",))
"""


def python(code: str, *flags: str) -> str:
    return subprocess.run([sys.executable, *flags, "-c", code], capture_output=True, text=True, check=True).stdout


def test_the_own_kinds_are_asked_in_this_order():
    found = plugins.load_all("sources")
    assert all(isinstance(kind, SourceKind) for kind in found.values())
    ours = ["url", "cloud", "stdin", "folder", "archive", "listing", "glob", "file"]
    assert sorted(ours, key=lambda name: -found[name].priority) == ours
    assert len({found[name].priority for name in ours}) == len(ours)


def test_a_package_of_someone_else_brings_a_source(tmp_path):
    """It is asked before the buckets, which would take any scheme."""
    (tmp_path / "outsider.py").write_text(OUTSIDER)
    info = tmp_path / "outsider-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outsider\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[eyeful.sources]\nnumbers = outsider:SOURCE\n")
    code = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from eyeful.sources import open_source
print(*(item.filename for item in open_source(["numbers://x/2", "a.jpg"]).items))
print(*(item.filename for item in open_source("numbers://x/1", column="c").items))
"""
    assert python(code).split() == ["numbers://x/2#0", "numbers://x/2#1", "a.jpg", "numbers://x/1#c"]


def test_sources_start_light():
    code = "import sys, eyeful.sources as s; list(s.open_source('none.jpg').items); print(*sys.modules)"
    loaded = set(python(code).split())
    assert "eyeful.sources.url" in loaded
    assert not loaded & {"fsspec", "httpx", "torch", "urllib.request", "http.client", "eyeful.sources.fetch"}


def test_what_can_be_counted(tmp_path):
    assert is_countable(str(tmp_path))
    assert is_countable("a.jpg")
    assert not is_countable("-")
    assert not is_countable("a.tar")
    assert is_countable("http://x/a.jpg")


def test_what_can_be_gone_through_again_after_a_crash():
    assert not is_repeatable("-")
    assert all(map(is_repeatable, ("a.tar", "a.jpg", "http://x/a.jpg")))
