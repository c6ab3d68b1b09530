"""docs/inputs.md, "Handed over in Python": every value of its table gives what the table says."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from eyeful.errors import UsageError
from helpers import fake_classifier, noise_image

TEXT = (Path(__file__).parents[2] / "docs" / "inputs.md").read_text(encoding="utf-8")
SECTION = TEXT.partition("## Handed over in Python\n")[2].partition("\n## ")[0]
ROWS = [
    (value, outcome)
    for values, outcome in re.findall(r"^\| (`.*) \| (.*) \|$", SECTION, re.MULTILINE)
    for value in re.findall(r"`([^`]*)`", values)
]


@pytest.mark.parametrize(("value", "outcome"), ROWS)
def test_the_table(value, outcome, tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    noise_image(1, 9, 8).save("a.png")
    Path("list.txt").write_text("a.png")
    names = {"np": np, "Image": Image, "Path": Path, "io": io}
    for library in ("torch", "pandas"):
        if library in value:
            names[library] = pytest.importorskip(library)
    given = eval(value, names)  # noqa: S307 - our own documentation
    request.addfinalizer(getattr(given, "close", lambda: None))
    if outcome.startswith("refused"):
        (advice,) = re.findall("`(.*)`", outcome)
        with pytest.raises(UsageError) as refused:
            fake_classifier().predict(given)
        assert advice in str(refused.value)
        return
    found = fake_classifier().predict(given)
    assert (len(found) if isinstance(found, list) else "one") == ("one" if "one" in outcome else int(outcome[0]))


def test_the_table_is_found():
    assert len(ROWS) > 20
