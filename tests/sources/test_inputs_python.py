"""docs/inputs.md, "Handed over in Python": every value of its table gives what the table says."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from eyeful.errors import UsageError
from eyeful.sources import open_source
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


@pytest.fixture
def stored(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "b.png", "folder/c.png"):
        Path(name).parent.mkdir(exist_ok=True)
        noise_image(1, 9, 8).save(name)
    Path("list.csv").write_text("mine,theirs\na.png,b.png\n")


def answers(call, inputs, **asked) -> list[str]:
    return [row.filename for row in getattr(fake_classifier(), call)(inputs, **asked)]


@pytest.mark.parametrize("call", ["predict", "stream"])
def test_the_column_of_a_list(call, stored):
    with pytest.raises(UsageError, match="in Python column=NAME"):
        answers(call, "list.csv", column=None)
    for inputs in ("list.csv", Path("list.csv"), ["list.csv"], (one for one in ["list.csv"]), "*.csv"):
        assert answers(call, inputs, column="theirs") == ["b.png"]
    assert answers(call, ["a.png", "list.csv"], column="mine") == ["a.png", "a.png"]


@pytest.mark.parametrize("call", ["predict", "stream"])
def test_the_time_between_frames(call, stored):
    pytest.importorskip("av")
    assert answers(call, ["none.mp4"], every=0.5) == ["none.mp4"]
    for every in ("often", 0, True):
        with pytest.raises(UsageError, match="is no time between frames"):
            answers(call, ["none.mp4"], every=every)


@pytest.mark.parametrize("call", ["predict", "stream"])
@pytest.mark.parametrize(
    ("inputs", "asked", "said"),
    [
        ("a.png", {"column": "mine"}, "names a column of a list"),
        (["a.png", "folder"], {"column": "mine"}, "names a column of a list"),
        (np.zeros((8, 9, 3), np.uint8), {"column": "mine"}, "names a column of a list"),
        ("list.csv", {"column": 2}, "column=2 is no name"),
        ("list.csv", {"every": 2}, "is for videos"),
        ([["a.png"], b"x"], {"every": "2s"}, "is for videos"),
    ],
)
def test_what_is_asked_for_in_vain_is_said(call, inputs, asked, said, stored):
    with pytest.raises(UsageError, match=said):
        answers(call, inputs, **asked)


def test_an_opened_source_has_its_column_already(stored):
    with pytest.raises(UsageError, match="to open_source"):
        answers("stream", open_source("list.csv", column="mine"), column="theirs")
    assert answers("stream", open_source("list.csv", column="mine")) == ["a.png"]
