"""What SECURITY.md says is done names a file or a test that there is."""

import re

import pytest

from documents import ROOT

TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
REFERENCES = re.findall(r"`((?:src|tests|deploy|\.github)/[^`:]+)(?:::(\w+))?`", TEXT)


def test_it_has_references():
    assert len([name for _, name in REFERENCES if name]) > 20


@pytest.mark.parametrize(("path", "name"), REFERENCES)
def test_what_it_names_is_there(path, name):
    assert (ROOT / path).exists()
    if name:
        assert re.search(rf"^def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
