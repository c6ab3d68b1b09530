"""What a node sees of the inputs, before it makes rows of them."""

from pathlib import Path

import pytest

from eyeful.cluster.worker import Worker, local_path
from eyeful.shards import Shard
from eyeful.sources import Search, Undivided, open_source
from eyeful.types import Item


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("photos/a.jpg", "photos/a.jpg"),
        ("more.zip", "more.zip"),
        ("file:///data/a%20b.jpg", "/data/a b.jpg"),
        ("s3://bucket/a.jpg", None),
        ("s3://bucket/a.tar", None),
        ("https://host/a.jpg", None),
    ],
)
def test_where_an_item_is(name, path, tmp_path):
    listed = tmp_path / "names.csv"
    listed.write_text(f"filename\n{name}\n")
    archive = name.endswith((".zip", ".tar"))
    (item,) = [Item(name, Undivided(name))] if archive else open_source(listed, undivided=True).items
    found = local_path(item)
    assert found == path or (path is not None and found is not None and found.endswith(path))


@pytest.mark.parametrize("content", [Path("gone/a.jpg"), Undivided("gone/a.tar")])
def test_what_a_node_does_not_see_is_no_row(content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # `greet` changes it, too
    worker = Worker()
    out = tmp_path / "out"
    out.mkdir()
    (out / "_RUNNING").write_bytes(b"run 7")
    greeting = worker.greet(str(tmp_path), "gone/a.jpg", f"{out}/", "_RUNNING", b"run 7")
    assert greeting.sees_output
    assert greeting.unseen == "gone/a.jpg"
    shard = Shard(0, (Item("gone/a", content),), Search())
    made = worker.make(shard, (), isolated=False, accept_missing=False)
    assert made.unseen == (str(getattr(content, "text", content)),)
    assert not list(out.glob("part-*"))


def test_another_run_in_a_folder_of_the_same_name_is_not_this_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "_RUNNING").write_bytes(b"run 8")
    assert not Worker().greet(str(tmp_path), None, f"{tmp_path}/", "_RUNNING", b"run 7").sees_output
