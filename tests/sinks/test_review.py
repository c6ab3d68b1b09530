"""Which answers a review page shows, what it holds of them while a run goes on, and what it says."""

import csv
import io
import json
import os
import re
import tracemalloc
import zipfile
from base64 import b64decode
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from eyeful.errors import OutputError, StoppedError
from eyeful.filenames import original_name
from eyeful.sinks.csv import text_of
from eyeful.sinks.review import COLUMNS, ReviewSink
from eyeful.sources import open_source
from eyeful.types import Group, Item, Prediction, Score
from helpers import noise_image

MANIFEST = {"model": "fake", "classes": 1000, "activation": "softmax"}
PIXELS = np.full((6, 8, 3), 99, np.uint8)
HOSTILE = (
    *("</script><script>alert(1)</script>.png", 'a" onload="x.png', "a,b\n\"c\r'.png", "\u202egnp.exe.png"),
    *("{{7*7}}.png", "=1+1.png", os.fsdecode(b"bad\xff.png")),
)


def answer(filename="cat.png", prob=0.7, label=1, **extra) -> Prediction:
    top = (Score(label, "n1", f"label {label}", prob, 2.5), Score(0, None, "<b>tiger", 1 - prob, 1.5))
    return Prediction(filename, top, **extra)


def failure(filename="bad.png") -> Prediction:
    return Prediction(filename, error_kind="truncated", error="its pixels cannot be decoded")


def written(path: Path, rows, images=100, made="2026-01-02T03:04:05+00:00") -> str:
    with ReviewSink(path, MANIFEST, images, made=made) as sink:
        for row in rows:
            sink.append(row)
    return path.read_text(encoding="utf-8")


def data_of(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="rows">(.*?)</script>', page, re.DOTALL)[1])


def names(page: str) -> list[str]:
    rows = (dict(zip(COLUMNS, cells, strict=True)) for cells in data_of(page)["cells"])
    return [original_name(text_of(row["filename"]), row["filename_b64"]) for row in rows]


def images(page: str) -> list[Image.Image]:
    return [
        Image.open(io.BytesIO(b64decode(one))) for one in re.findall(r'"data:image/jpeg;base64,([^"]+)"', page)
    ]


def test_errors_and_unsure_answers_are_left_out(tmp_path):
    dog = Group("dog", "n02084071", 0.9, 118)
    rows = [
        answer("a"),
        failure("b"),
        answer("c", abstained=True),
        answer("d", sure=0.8, group=dog),
        answer("e", sure=0.8),
        answer("f", sure=0.8, group=dog, abstained=True),
    ]
    page = written(tmp_path / "r.html", rows)
    assert sorted(names(page)) == ["a", "d", "f"]
    assert "Not among them: 1 error and 2 unsure answers." in " ".join(page.split())


def test_a_group_is_what_is_asked_about(tmp_path):
    group, alone = Group("dog", "n02084071", 0.912345678, 118), Group("label 1", "n1", 0.85, 1)
    page = written(
        tmp_path / "r.html", [answer("a", sure=0.8, group=group), answer("b", 0.85, sure=0.8, group=alone)]
    )
    rows = {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in data_of(page)["cells"]}
    assert (rows["a"]["group"], rows["a"]["prob"], rows["a"]["label"]) == ("dog", "0.9123457", "label 1")
    assert (rows["b"]["group"], rows["b"]["prob"]) == ("", "0.85")
    assert (tmp_path / "r.html").read_text().count("Any dog counts.") == 1
    assert "<h2>dog <small>(label 1?)</small></h2>" in page
    assert "<h2>label 1</h2>" in page


def test_all_answers_where_there_are_no_more(tmp_path):
    page = written(tmp_path / "r.html", [answer(str(n)) for n in range(9)], images=50)
    assert sorted(names(page)) == [str(n) for n in range(9)]
    assert names(page) != sorted(names(page)), "in random order"
    assert "All <b>9 answers</b>" in page


def test_the_same_rows_give_the_same_sample(tmp_path):
    rows = [answer(str(n)) for n in range(1000)]
    first, second = (written(tmp_path / f"{n}.html", rows, 20, f"2026-01-0{n}T00:00:00+00:00") for n in (1, 2))
    assert names(first) == names(second)
    assert data_of(first)["key"] == data_of(second)["key"], "made another time, it is the same to a browser"
    other = written(tmp_path / "3.html", [replace(row, top=row.top[1:]) for row in rows], 20)
    assert data_of(first)["key"] != data_of(other)["key"]
    assert "random sample of 20</b> of the 1,000 answers" in first


@pytest.mark.slow
def test_every_answer_is_drawn_alike_and_comes_first_alike(tmp_path, monkeypatch):
    drawn, first = Counter(), Counter()
    for seed in range(60):
        monkeypatch.setattr("eyeful.sinks.review.SEED", seed)
        sample = names(written(tmp_path / "r.html", [answer(str(n)) for n in range(10)], 3))
        drawn.update(sample)
        first[sample[0]] += 1
    assert all(7 < drawn[str(n)] < 33 for n in range(10)), drawn  # 18, standard error 4
    assert all(0 < first[str(n)] < 16 for n in range(10)), first  # 6, standard error 2


def test_it_is_self_contained_and_escaped(tmp_path):
    page = written(tmp_path / "deep" / "r.html", [answer(name, thumbnail=PIXELS) for name in HOSTILE])
    assert "<script>alert" not in page
    assert 'a" onload' not in page
    assert "\u202e" not in page
    assert "{{7*7}}.png" in page
    assert "&lt;b&gt;tiger" in page
    assert page.count("data:image/jpeg;base64,") == len(HOSTILE)
    assert "http" not in page.replace("http-equiv", "")
    assert not re.search(r"\b(src|href)=\"(?!data:)", page)
    assert "default-src 'none'" in page
    assert sorted(names(page)) == sorted(HOSTILE)


def test_cells_are_those_of_our_csv(tmp_path):
    (cells,) = data_of(written(tmp_path / "r.html", [answer("=1+1.png", 0.12345678)]))["cells"]
    assert cells == [
        "'=1+1.png",
        "",
        "label 1",
        "n1",
        "1",
        "0.1234568",
        "",
        "",
        "fake",
        "2026-01-02T03:04:05+00:00",
    ]
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    assert next(csv.reader([text.getvalue()])) == cells


def photo(path: Path, seed=0, size=(1600, 1200)) -> Item:
    noise_image(seed, *size).resize(size).save(path)
    return Item(str(path), path)


def test_images_are_read_again_from_their_files(tmp_path):
    item = photo(tmp_path / "a.jpg")
    small = np.full((240, 320, 3), 99, np.uint8)
    (image,) = images(written(tmp_path / "r.html", [answer(item.filename, item=item, thumbnail=small)]))
    assert image.size == (800, 600)


def test_an_image_that_the_run_admitted_is_shown(tmp_path):
    item = photo(tmp_path / "long.png", size=(30, 3600))
    (image,) = images(written(tmp_path / "r.html", [answer(item.filename, item=item)]))
    assert image.size == (7, 800), "narrower than the usual limit"


def test_thumbnails_can_be_left_out(tmp_path):
    assert ReviewSink(tmp_path / "r.html", MANIFEST, 9).wants_thumbnails
    assert not ReviewSink(tmp_path / "r.html", MANIFEST, 9, thumbnails=False).wants_thumbnails


def test_images_in_an_archive_are_too(tmp_path):
    photo(tmp_path / "a.jpg")
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.write(tmp_path / "a.jpg", "a.jpg")
    (item,) = open_source(str(tmp_path / "photos.zip")).items
    (image,) = images(written(tmp_path / "r.html", [answer(item.filename, item=item, thumbnail=PIXELS)]))
    assert image.size == (800, 600)


@pytest.mark.parametrize(
    "change", [Path.unlink, lambda path: noise_image(1, 900, 900).save(path)], ids=["gone", "new"]
)
def test_a_file_that_changed_shows_what_was_classified(change, tmp_path):
    item = photo(tmp_path / "a.jpg")

    def rows():
        yield answer(item.filename, item=item, thumbnail=np.full((240, 320, 3), 99, np.uint8))
        change(tmp_path / "a.jpg")

    (image,) = images(written(tmp_path / "r.html", rows()))
    assert image.size == (320, 240)


def test_an_image_that_is_held_nowhere_is_none(tmp_path):
    page = written(tmp_path / "r.html", [answer()])
    assert "no image" in page
    assert images(page) == []


@pytest.mark.slow
def test_many_images_are_smaller(tmp_path):
    pixels_HWC = np.random.default_rng(0).integers(0, 255, (320, 320, 3), dtype=np.uint8)
    few = written(tmp_path / "few.html", [answer(str(n), thumbnail=pixels_HWC) for n in range(10)], 1000)
    many = written(tmp_path / "many.html", [answer(str(n), thumbnail=pixels_HWC) for n in range(1000)], 1000)
    assert {image.size for image in images(few)} == {(320, 320)}
    assert len(many) < 34e6


def test_memory_does_not_grow_with_the_run(tmp_path):
    rows = (answer(str(n), thumbnail=np.full((240, 320, 3), n % 99, np.uint8)) for n in range(10_000))
    with ReviewSink(tmp_path / "r.html", MANIFEST, 20) as sink:
        for _ in range(1000):
            sink.append(next(rows))
        tracemalloc.start()
        for row in rows:
            sink.append(row)
        grown = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    assert grown < 500_000
    assert len(names((tmp_path / "r.html").read_text())) == 20


@pytest.mark.parametrize("rows", [[], [failure()], [answer(abstained=True)]], ids=["none", "error", "unsure"])
def test_nothing_to_judge(rows, tmp_path):
    page = written(tmp_path / "r.html", rows)
    assert "<h1>Nothing to judge</h1>" in page
    assert "<script" not in page


def test_a_run_that_is_interrupted_leaves_a_page_of_what_it_had(tmp_path):
    def interrupted():
        yield answer()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        written(tmp_path / "r.html", interrupted())
    page = (tmp_path / "r.html").read_text()
    assert "The run was stopped: this is a sample of what came before." in page
    assert names(page) == ["cat.png"]


def test_a_run_that_never_began_leaves_an_older_page(tmp_path):
    before = written(tmp_path / "r.html", [answer()])
    with pytest.raises(StoppedError), ReviewSink(tmp_path / "r.html", MANIFEST, 9):
        raise StoppedError(2)
    assert (tmp_path / "r.html").read_text() == before


def test_what_cannot_be_written_is_told_before_the_first_row(tmp_path):
    with pytest.raises(OutputError, match=r"cannot write .*name too long"):
        ReviewSink(tmp_path / f"{'r' * 250}.html", MANIFEST, 9).__enter__()
