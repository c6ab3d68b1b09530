"""Inputs in pieces: the same items in the same order, whoever opens them."""

import pickle
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from eyeful.shards import Shard, cut
from eyeful.sources import Search, Undivided, open_source
from eyeful.types import Item
from helpers import noise_image


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder of images beside archives of the same."""
    monkeypatch.chdir(tmp_path)
    Path("photos").mkdir()
    for number in range(5):
        noise_image(number, 16, 16).save(f"photos/{number}.png")
    Path("photos/notes.txt").touch()
    with tarfile.open("a.tar.gz", "w:gz") as archive:
        archive.add("photos")
    with zipfile.ZipFile("b.zip", "w") as archive:
        archive.write("photos/3.png")
        archive.write("photos/notes.txt")
    Path("broken.zip").write_bytes(b"PK\3\4 no archive")
    Path("list.csv").write_text("file,n\nphotos/0.png,1\nphotos/1.png,2\n")
    return tmp_path


INPUTS = ["photos", "a.tar.gz", "b.zip", "list.csv", "broken.zip", "none.jpg", "photos/0.png"]


def shards_of(inputs, rows, **search):
    source = open_source(inputs, undivided=True, **search)
    return list(cut(source.items, rows, Search(**search)))


@pytest.mark.parametrize("rows", [1, 2, 5, 1000])
def test_shards_hold_what_the_source_gives(rows, place):
    expected = [(item.filename, item.columns) for item in open_source(INPUTS).items]
    ignored = Counter()
    found, sizes = [], []
    for number, shard in enumerate(shards_of(INPUTS, rows)):
        assert shard.number == number
        items = list(pickle.loads(pickle.dumps(shard)).open(ignored))  # noqa: S301
        sizes.append(len(shard.items))
        found += [(item.filename, item.columns) for item in items]
    assert found == expected
    assert max(sizes) <= rows
    assert ignored == {".txt": 2}, "those of the archives; the folder's are its source's"


def test_a_part_is_named_by_its_inputs(place):
    first, second = shards_of("photos", 3)
    assert first.part.startswith("part-000000-")
    assert second.part.startswith("part-000001-")
    (other,) = shards_of(["photos/0.png", "photos/1.png", "photos/3.png"], 3)
    (same,) = shards_of([f"photos/{number}.png" for number in range(3)], 3)
    assert same.part == first.part != other.part
    with_columns, *_ = cut(iter([Item("photos/0.png", Path("photos/0.png"), {"n": 1})]), 3, Search())
    without, *_ = cut(iter([Item("photos/0.png", Path("photos/0.png"))]), 3, Search())
    assert with_columns.digest != without.digest


def test_a_shard_travels_with_all_that_its_items_are():
    items = (
        Item("a.png", Path("a.png")),
        Item("b/../c.png", Path("c.png")),
        Item("d.png", Path("d.png"), {"id": 7}),
        Item("memory", b"bytes"),
        Item("e.zip", Undivided("e.zip")),
    )
    shard = Shard(3, items, Search(every="1s"))
    again = pickle.loads(pickle.dumps(shard))  # noqa: S301
    assert again == shard
    assert again.part == shard.part
