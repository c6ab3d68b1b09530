"""docs/stability.md holds: what was released is still there."""

import json
import re
import tomllib

from documents import ROOT
from eyeful import bundle
from eyeful.results import calibration
from promised import RECORD, surface

PAGE = (ROOT / "docs" / "stability.md").read_text(encoding="utf-8")


def test_nothing_that_was_promised_is_gone():
    """Who means to break it: marks it **Breaking** in CHANGELOG.md, and runs `python tests/promised.py`."""
    now = surface()
    promised = json.loads(RECORD.read_text(encoding="utf-8"))
    gone = {kind: sorted(set(names) - set(now[kind])) for kind, names in promised.items()}
    assert {kind: names for kind, names in gone.items() if names} == {}
    assert min(map(len, promised.values())) > 8, "each kind is recorded"


def test_the_numbers_that_it_names():
    assert re.findall(r"`format`, now (\d+)", PAGE) == [str(bundle.FORMAT), str(calibration.FORMAT)]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"now {project['requires-python'].removeprefix('>=')} and later" in PAGE
