"""docs/stability.md holds: what was released is still there."""

import json

from promised import RECORD, surface


def test_nothing_that_was_promised_is_gone():
    """Who means to break it: marks it **Breaking** in CHANGELOG.md, and runs `python tests/promised.py`."""
    now = surface()
    promised = json.loads(RECORD.read_text(encoding="utf-8"))
    gone = {kind: sorted(set(names) - set(now[kind])) for kind, names in promised.items()}
    assert {kind: names for kind, names in gone.items() if names} == {}
    assert min(map(len, promised.values())) > 8, "each kind is recorded"
