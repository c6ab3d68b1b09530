"""The report of a search: what it shows, that nothing in it does harm, how large it becomes, and in a browser."""

import html
import os
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from contrast import FAINT
from eyeful.errors import OutputError
from eyeful.features.file import Features
from eyeful.search import report
from eyeful.search.found import Neighbour, Pair, QueryResult
from eyeful.search.report import shown_of, write_report
from helpers import noise_image
from offline import offline_tab

HOSTILE = (
    "<script>alert(1)</script>.png",
    'a" onload="x.png',
    "a\nb.png",
    "\u202egnp.exe",
    "{{7*7}}",
    os.fsdecode(b"bad\xff.png"),
)


def text_of(page: str) -> str:
    """What a reader sees, in one line."""
    body = re.sub(r"(?s)<(style|title).*?</\1>|<[^>]*>", " ", page)
    return " ".join(html.unescape(body).split())


def features_of(filenames, errors=()) -> Features:
    record = {"provenance": {"model": "resnet18", "precision": "fp32"}, "reproducibility_keys": {}}
    return Features(list(filenames), np.eye(len(filenames), dtype=np.float32), dict(errors), record)


def query_of(filename, names, **more) -> QueryResult:
    near = [Neighbour(rank, 1 - rank / 7, name) for rank, name in enumerate(names, 1)]
    return QueryResult(filename, tuple(near), **more)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[str]:
    """Six images in a folder, whose name stands before all of theirs."""
    folder = tmp_path_factory.mktemp("files")
    for number in range(6):
        noise_image(number, 320, 200 + 40 * number).save(folder / f"{number}.png")
    return [str(path) for path in sorted(folder.iterdir())]


def written(path: Path, features, found) -> str:
    write_report(path, features, found)
    return path.read_text(encoding="utf-8")


def test_a_query_and_what_is_nearest(files, tmp_path):
    query = query_of("mine.jpg", files[:3], thumbnail=np.asarray(noise_image(9, 300, 200)))
    page = written(tmp_path / "a.html", features_of(files), [query])
    text = text_of(page)
    assert text.startswith("Most alike, of 6 images In order, as resnet18 finds them alike.")
    assert "No cosine means the same everywhere: in one collection 0.9 is a copy, in another two" in text
    assert f"Their names begin with {Path(files[0]).parent}/" in text
    assert "your image mine.jpg 1 0.8571 0.png 2 0.7143 1.png 3 0.5714 2.png" in text
    assert page.count("data:image/jpeg") == 4
    assert "precision fp32" in text


def test_pairs_stand_beside_each_other(files, tmp_path):
    pairs = [Pair(1, 0.98765, (files[0], files[1])), Pair(2, 0.5, (files[0], files[2]))]
    page = written(tmp_path / "a.html", features_of(files, {"truncated": 2}), pairs)
    text = text_of(page)
    assert text.startswith("The 2 most alike pairs of 6 images")
    assert "2 images of the file have no vector and were not compared." in text
    assert "1 0.9877 0.png 1.png 2 0.5000 0.png 2.png" in text
    assert page.count("data:image/jpeg") == 4


def test_several_queries_one_of_them_no_image(files, tmp_path):
    bad = QueryResult("bad.jpg", error_kind="truncated", error="image file is truncated")
    text = text_of(written(tmp_path / "a.html", features_of(files), [query_of("mine.jpg", files[:1]), bad]))
    assert text.startswith("Most alike to each of 2 images, of 6")
    assert "no image your image bad.jpg damaged or cut off image file is truncated" in text


def test_no_name_does_harm(tmp_path):
    page = written(tmp_path / "a.html", features_of(HOSTILE), [query_of(HOSTILE[0], HOSTILE)])
    pairs = written(tmp_path / "b.html", features_of(HOSTILE), [Pair(1, 0.5, (HOSTILE[0], HOSTILE[1]))])
    for text in (page, pairs):
        assert "<script" not in text
        assert "onload=" not in re.sub(r"&#34;|&quot;", "", re.sub(r">[^<]*<", "><", text))
        assert "default-src 'none'" in text
    assert "{{7*7}}" in page
    assert "\u202e" not in page
    assert "\\u202egnp.exe" in page
    assert "bad\\xff.png" in page


def test_what_is_gone_has_a_placeholder_and_is_counted(files, tmp_path):
    found = [query_of("mine.jpg", [files[0], "gone.png"])]
    assert write_report(tmp_path / "a.html", features_of(files), found) == 1
    assert text_of((tmp_path / "a.html").read_text()).count("no image") == 2  # and the query, without a thumbnail


def test_images_in_archives_are_found_there(files, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in files:
            archive.write(name, f"inside/{Path(name).name}")
    names = [f"{tmp_path / 'a.zip'}/inside/{number}.png" for number in range(6)]
    assert write_report(tmp_path / "a.html", features_of(names), [Pair(1, 0.5, (names[4], names[1]))]) == 0


def test_the_page_does_not_grow_without_end(files, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "IMAGES", 8)
    found = [query_of(f"{number}.jpg", files[:3]) for number in range(50)]
    assert len(shown_of(found)) == 2
    text = text_of(written(tmp_path / "a.html", features_of(files), found))
    assert "These are the first 2 of 50; the others are in eyeful similar --json ." in text
    one = written(tmp_path / "b.html", features_of(files), [query_of("mine.jpg", files * 5)])
    assert one.count("<li>") == 8


def test_a_page_that_cannot_be_written_is_an_error_of_the_output(files, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        write_report(tmp_path / "file" / "a.html", features_of(files), [query_of("mine.jpg", files)])


@pytest.fixture(scope="module")
def pages(files, tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("pages")
    long = [*files, "a/" + "long name " * 12 + ".jpg", "x" * 250 + ".png"]
    query = query_of("mine.jpg", long, thumbnail=np.asarray(noise_image(9, 200, 300)))
    bad = QueryResult("bad.jpg", error_kind="truncated", error="image file is truncated")
    pairs = [Pair(rank, 1 - rank / 9, (long[rank], long[rank + 1])) for rank in range(1, 6)]
    for name, found in (("queries.html", [query, bad]), ("pairs.html", pairs)):
        write_report(folder / name, features_of(long, {"truncated": 1}), found)
    return sorted(folder.iterdir())


@pytest.mark.parametrize("width", [390, pytest.param(1280, marks=pytest.mark.slow)])
@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_it_can_be_read_on_any_screen(browser, pages, width, scheme):
    for path in pages:
        with offline_tab(browser, path.as_uri()) as tab:
            tab.emulate_media(color_scheme=scheme)
            tab.set_viewport_size({"width": width, "height": 900})
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            assert tab.evaluate(FAINT) == []
            images = tab.locator("img")
            for place in range(images.count()):
                images.nth(place).scroll_into_view_if_needed()
            tab.wait_for_function("[...document.images].every(image => image.complete && image.naturalWidth)")


@pytest.mark.parametrize(
    ("name", "holder"),
    [("clip.mp4#t=3.20", "clip.mp4"), ("a.jpg", None), ("a#t=1.jpg", None), ("missing.zip/a.jpg", None)],
)
def test_what_an_image_is_in(name, holder):
    assert report._holder_of(name) == (holder and Path(holder))
