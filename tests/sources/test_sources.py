"""Which files are inputs, in what order, and what is said of the rest."""

import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from eyeful.errors import ImageError, UsageError
from eyeful.sources import open_source
from eyeful.sources.fetch import FetchPolicy, fetch
from helpers import noise_image


def names(inputs, **options) -> list[str]:
    return [os.path.basename(item.filename) for item in open_source(inputs, **options).items]


@pytest.fixture
def tree(tmp_path):
    png = tmp_path / "b.png"
    noise_image(0, 8, 8).save(png)
    for name in ("a.JPG", "sub/c.webp", "sub/deep/d.tif", "no_extension"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png.read_bytes())
    (tmp_path / "notes.md").write_text("no image")
    (tmp_path / "sub" / "more.md").write_text("no image")
    (tmp_path / "README").write_text("no image, no extension")
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "linked.png").symlink_to("b.png")
    return tmp_path


def test_a_folder_gives_its_images_sorted_and_counts_the_rest(tree):
    source = open_source(tree)
    found = [os.path.relpath(item.filename, tree) for item in source.items]
    assert found == ["a.JPG", "b.png", "linked.png", "no_extension", "sub/c.webp", "sub/deep/d.tif"]
    assert source.ignored == {".md": 2, "no extension": 1, "link to a folder": 1}
    assert not source.single


def test_a_folder_without_its_folders(tree):
    assert names(tree, recursive=False) == ["a.JPG", "b.png", "linked.png", "no_extension"]


def test_what_is_named_always_gives_a_row(tree):
    assert names(tree / "notes.md") == ["notes.md"]
    assert names(str(tree / "missing.jpg")) == ["missing.jpg"]
    assert names([tree / "b.png", tree / "b.png"]) == ["b.png", "b.png"]


def test_a_glob(tree):
    assert names(f"{tree}/*.png") == ["b.png", "linked.png"]
    assert names(f"{tree}/**/*.webp") == ["c.webp"]
    assert names(f"{tree}/*.gif") == ["*.gif"], "a pattern that matches nothing is a missing file"
    (tree / "[a].png").write_bytes((tree / "b.png").read_bytes())
    assert names(f"{tree}/[a].png") == ["[a].png"], "a file of that very name comes first"


def test_lists(tree):
    (tree / "list.txt").write_text(f"{tree}/b.png\n\n{tree}/missing.jpg\nhttp://localhost/x.jpg\n")
    assert names(tree / "list.txt") == ["b.png", "missing.jpg", "x.jpg"]
    (tree / "list.csv").write_text(f'id,filename\n1,{tree}/b.png\n2,"{tree}/with, comma.jpg"\n')
    assert names(tree / "list.csv") == ["b.png", "with, comma.jpg"]
    with pytest.raises(UsageError, match=r"none\.txt cannot be read"):
        names(tree / "none.txt")


def test_an_unreadable_folder_is_a_row(tree, monkeypatch):
    scan = os.scandir

    def refuse(folder):
        if str(folder).endswith("deep"):
            raise PermissionError(13, "Permission denied")
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    items = list(open_source(tree).items)
    assert items[-1].filename.endswith("deep")
    with pytest.raises(ImageError, match="cannot be read"):
        items[-1].content()


def test_images_in_memory():
    image = noise_image(0, 8, 6)
    array = np.asarray(image)
    assert open_source(image).single
    assert open_source(b"bytes").single
    assert open_source(array).single
    assert open_source(array[..., 0]).single
    batch = open_source(np.stack([array, array]))
    assert not batch.single
    assert [item.filename for item in batch.items] == ["array[0]", "array[1]"]


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (np.zeros((8, 8, 3), np.float32), "255"),
        (np.zeros((3, 8, 8), np.uint8), "transpose(1, 2, 0)"),
        (np.zeros((2, 3, 8, 8), np.uint8), "transpose(0, 2, 3, 1)"),
        (np.zeros((8, 8, 5), np.uint8), "3 or 4 channels"),
        (np.zeros((2, 8, 8), np.uint8), "array[..., None]"),
        (7, "pass a path"),
    ],
)
def test_what_is_no_input_says_what_converts_it(value, hint):
    with pytest.raises(UsageError) as caught:
        open_source(value)
    assert hint in str(caught.value)


class _Web(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.end_headers()
        elif self.path == "/good":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"x" * 1000)
        else:
            self.send_error(404)

    def log_message(self, *_):
        pass


@pytest.fixture
def web():
    with ThreadingHTTPServer(("127.0.0.1", 0), _Web) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_urls(web):
    assert fetch(f"{web}/good") == b"x" * 1000
    for path, kind, options in [
        ("missing", "fetch_failed", {}),
        ("redirect", "fetch_failed", {}),
        ("good", "too_large", {"max_bytes": 999}),
    ]:
        with pytest.raises(ImageError) as caught:
            fetch(f"{web}/{path}", FetchPolicy(**options))
        assert caught.value.kind == kind


def test_a_server_that_is_not_there():
    with pytest.raises(ImageError) as caught:
        fetch("http://127.0.0.1:9/x.jpg")
    assert caught.value.kind == "fetch_failed"
