"""What a report counts, which images it shows, and how large it becomes."""

import os
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from eyeful.errors import OutputError, StoppedError
from eyeful.sinks.html import data_uri
from eyeful.sinks.report import ReportSink
from eyeful.sinks.report_cards import CONCERNING, OF_A_KIND, SAMPLED, Card, Selection
from eyeful.sinks.report_counts import ReportCounts
from eyeful.types import Group, Prediction, Score

MANIFEST = {"model": "fake", "classes": 1000, "activation": "softmax"}
PIXELS = np.full((6, 8, 3), 99, np.uint8)


def answer(filename="cat.png", prob=0.7, label=1, **extra) -> Prediction:
    top = (Score(label, "n1", f"label {label}", prob, 2.5), Score(0, None, "<b>tiger", 1 - prob, 1.5))
    return Prediction(filename, top, **extra)


def failure(filename="bad.png", kind="truncated") -> Prediction:
    return Prediction(filename, error_kind=kind, error="its <b>pixels</b> cannot be decoded")


def written(path: Path, rows, manifest=MANIFEST) -> str:
    with ReportSink(path, manifest) as sink:
        for row in rows:
            sink.append(row)
    return path.read_text(encoding="utf-8")


def names(page: str) -> list[str]:
    return re.findall(r'<p class="file" dir="auto">(.*?)</p>', page)


HOSTILE = ("<script>alert(1)</script>.png", 'a" onload="x.png', "a\nb.png", "\u202egnp.exe.png", "{{7*7}}.png")


def test_it_is_self_contained_and_escaped(tmp_path):
    rows = [answer(name, thumbnail=PIXELS) for name in (*HOSTILE, os.fsdecode(b"bad\xff.png"))]
    page = written(tmp_path / "deep" / "report.html", [*rows, failure("http--evil")])
    assert "<script>alert" not in page
    assert 'a" onload' not in page
    assert "\u202e" not in page
    assert "{{7*7}}.png" in page
    assert "bad\\xff.png" in page
    assert "&lt;b&gt;tiger" in page
    assert "its &lt;b&gt;pixels" in page
    assert page.count("data:image/jpeg;base64,") == len(rows)
    assert "http" not in page.replace("http-equiv", "").replace("http--evil", "")
    assert not re.search(r"\b(src|href)=\"(?!data:)", page)


def test_every_row_is_counted(tmp_path):
    counts = ReportCounts()
    for row in (
        answer(prob=0.999, warnings=("cropped_away:0.62", "grayscale")),
        answer(prob=1.0, label=2, warnings=("cropped_away:0.31",)),
        answer(prob=0.0, label=2, abstained=True),
        failure(),
        failure(kind="empty"),
        failure(kind="empty"),
    ):
        counts.add(row)
    assert (counts.inputs, counts.predicted, counts.unsure, counts.warned) == (6, 3, 1, 2)
    assert counts.errors == {"truncated": 1, "empty": 2}
    assert counts.labels == {(1, "label 1"): 1, (2, "label 2"): 2}
    assert counts.warnings == {"cropped_away": 2, "grayscale": 1}
    assert counts.bins == [1, 0, 0, 0, 0, 0, 0, 0, 0, 2]


@pytest.mark.parametrize(
    ("filenames", "prefix"),
    [
        (["photos/a.jpg"], "photos/"),
        (["photos/a1.jpg", "photos/a2.jpg"], "photos/"),
        (["photos/cats/1.jpg", "photos/dogs/1.jpg"], "photos/"),
        (["photos/1.jpg", "photography/1.jpg"], ""),
        (["/a/1.jpg", "/b/1.jpg"], ""),
        (["a.jpg", "b.jpg"], ""),
        (["C:\\photos\\a.jpg", "C:\\photos\\b\\c.jpg"], "C:\\photos\\"),
        (["https://one.org/a.jpg", "https://two.org/a.jpg"], ""),
        (["https://one.org/x/a.jpg", "https://one.org/x/b.jpg"], "https://one.org/x/"),
        (["photos.tar/in/a.jpg", "photos.tar/in/b.jpg"], "photos.tar/in/"),
        (["line\nbreak/a.jpg", "line\nbreak/b.jpg"], "line\nbreak/"),
        ([], ""),
    ],
)
def test_the_common_folder(filenames, prefix):
    counts = ReportCounts()
    for filename in filenames:
        counts.add(failure(filename))
    assert counts.prefix == prefix


def test_the_common_folder_is_said_once(tmp_path):
    page = written(tmp_path / "r.html", [answer("photos/x/a.jpg"), answer("photos/x/b.jpg", 0.6)])
    assert names(page) == ["b.jpg", "a.jpg"]
    assert page.count("photos/x/") == 1


def test_errors_come_first_then_the_least_probable(tmp_path):
    rows = [
        answer("sure", 0.9),
        failure("b"),
        answer("hm", 0.2, abstained=True),
        failure("a", "empty"),
        failure("c"),
    ]
    assert names(written(tmp_path / "r.html", rows)) == ["a", "b", "c", "hm", "sure"]


def test_a_small_run_is_shown_whole(tmp_path):
    page = written(tmp_path / "r.html", [failure(str(n)) for n in range(CONCERNING - 1)] + [answer("last")])
    assert len(names(page)) == CONCERNING
    assert "This page shows" not in page


def large_run():
    """10,000 answers, ever more probable; 50 errors of one kind among them, and a single one of another."""
    for number in range(10_000):
        yield answer(f"{number}", 0.1 + number / 20_000, abstained=number < 600)
        if number % 200 == 0:
            yield failure(f"bad {number}")
    yield failure("rare", "timeout")


def test_a_large_run_shows_what_needs_a_look_and_an_even_sample(tmp_path):
    page = written(tmp_path / "r.html", large_run())
    shown = names(page)
    errors, answers, sample = shown[: OF_A_KIND + 1], shown[OF_A_KIND + 1 : CONCERNING], shown[CONCERNING:]
    assert errors == ["rare", *(f"bad {200 * n}" for n in range(OF_A_KIND))]
    assert answers == [str(n) for n in range(CONCERNING - OF_A_KIND - 1)]
    assert len(sample) == SAMPLED
    assert min(map(int, sample)) >= 600, "the unsure are no sample of what is good"
    quarters = np.histogram(list(map(int, sample)), bins=4, range=(600, 10_000))[0]
    assert quarters.min() > SAMPLED / 8
    assert "This page shows 600 of the 10,051: the <b>500 that need a look</b>" in page
    assert "(the first 10 of each kind of error, then the least probable answers)" in page
    assert "<b>10,000</b>" in page, "labels are counted in the whole run"
    assert re.search(r'title="truncated: Copy or download [^"]+">damaged or cut off <b>50</b>', page)
    assert page == written(tmp_path / "again.html", large_run())


@pytest.mark.parametrize(
    ("errors", "answers", "unsure", "said"),
    [
        (0, 700, 0, "500 that need a look</b> (the least probable answers), then an <b>even sample of "),
        (5, 700, 0, "(all errors, then the least probable answers), then an"),
        (700, 0, 0, "(the first 10 of each kind of error, then more errors). The counts are of all 700."),
        (700, 9, 0, "(the first 10 of each kind of error, then all answers, then more errors). The counts"),
        (0, 0, 700, "500 that need a look</b> (the least probable answers). The counts are of all 700."),
    ],
)
def test_a_page_says_what_it_shows(errors, answers, unsure, said, tmp_path):
    rows = [
        *(failure(str(number)) for number in range(errors)),
        *(answer(str(number)) for number in range(answers)),
        *(answer(str(number), 0.2, abstained=True) for number in range(unsure)),
    ]
    page = written(tmp_path / "r.html", rows)
    assert said in page
    assert ("Even sample" in page) == ("even sample" in page) == (answers == 700)


def test_warnings_are_apart_where_they_are_copied(tmp_path):
    page = written(tmp_path / "r.html", [answer(warnings=("colour_profile", "srgb_converted"))])
    assert "<b>colour profile not sRGB, </b>" in page
    assert "<b>converted to sRGB</b>" in page


@pytest.mark.slow
def test_memory_does_not_grow_with_the_run():
    counts, selection = ReportCounts(), Selection()

    def rows(start: int, stop: int) -> int:
        for number in range(start, stop):
            row = answer(f"a/{number}.jpg", 0.3 + number / 40_000, number % 1000, thumbnail=PIXELS)
            counts.add(row)
            selection.offer(row)
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        early, late = rows(0, 2_000), rows(2_000, 20_000)
    finally:
        tracemalloc.stop()
    assert early < 5e6
    assert late - early < 1e5


@pytest.mark.slow
def test_the_largest_file(tmp_path):
    """Every string as long as a page takes it, and thumbnails of noise, which no JPEG makes small."""
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    card = Card.of(answer(thumbnail=noise), 0)
    assert len(card.thumbnail(1)) == len(card.jpeg) > 50_000
    assert len(card.thumbnail(CONCERNING + SAMPLED)) <= 3_900_000 // (CONCERNING + SAMPLED)
    rows = (
        answer(f"{number:0>4000}", 0.5 + number / 10_000, label=number, warnings=("cropped_away:0.62",))
        for number in range(5_000)
    )
    page = written(tmp_path / "r.html", rows)
    assert CONCERNING + 0.8 * SAMPLED < len(names(page)) <= CONCERNING + SAMPLED
    assert "and 4,000 that are rarer still" in page
    images = 4 / 3 * 3_900_000
    assert len(page) + images < 8e6


def test_thumbnails_of_few_images_are_as_large_as_they_come():
    pixels_HWC = np.random.default_rng(0).integers(90, 99, (240, 320, 3), dtype=np.uint8)
    card = Card.of(answer(thumbnail=pixels_HWC), 0)
    assert card.thumbnail(50) == card.jpeg
    assert len(card.thumbnail(51)) < len(card.jpeg)
    assert Card.of(failure(), 0).thumbnail(9) is None


@pytest.mark.parametrize(
    ("activation", "sentence"),
    [
        ("softmax", "a share of this model's 1,000 labels"),
        ("sigmoid", "a yes or no to each of this model's 1,000 labels"),
        ("none", "what the network itself gives for each of this model's 1,000 labels"),
    ],
)
def test_what_a_probability_is(activation, sentence, tmp_path):
    page = written(tmp_path / "r.html", [answer()], MANIFEST | {"activation": activation})
    assert f"A probability is {sentence}, not the chance of being right" in page


def test_a_run_without_any_image(tmp_path):
    page = written(tmp_path / "r.html", [])
    assert "<h1>No images</h1>" in page
    assert re.search(r'title="The best probability is below --min-prob, [^"]+" disabled>Unsure <b>0</b>', page)
    assert "The run was stopped" not in page


def test_a_run_that_is_interrupted_leaves_a_report_of_what_it_had(tmp_path):
    def interrupted():
        yield answer()
        raise KeyboardInterrupt

    path = tmp_path / "r.html"
    with pytest.raises(KeyboardInterrupt):
        written(path, interrupted())
    page = path.read_text(encoding="utf-8")
    assert names(page) == ["cat.png"]
    assert "The run was stopped after 1 image; this is not all of it." in page
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]


def test_a_run_that_never_began_leaves_an_older_report(tmp_path):
    before = written(tmp_path / "r.html", [answer()])
    with pytest.raises(StoppedError), ReportSink(tmp_path / "r.html", MANIFEST):
        raise StoppedError(2)
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == before


def test_what_cannot_be_written_is_told_before_the_first_row(tmp_path):
    with pytest.raises(OutputError, match=r"cannot write .*name too long"):
        ReportSink(tmp_path / f"{'r' * 250}.html", MANIFEST).__enter__()
    ReportSink(tmp_path / "r.html", MANIFEST).__enter__()
    assert list(tmp_path.iterdir()) == []


def test_an_image_as_a_data_uri():
    from PIL import Image

    image = Image.fromarray(PIXELS)
    assert data_uri(image).startswith("data:image/jpeg;base64,/9j/")
    assert data_uri(image, "PNG").startswith("data:image/png;base64,iVBOR")


DOG = Group("dog", "n02084071", 0.97, 118)


def test_groups_are_counted_said_and_filtered(tmp_path):
    rows = [
        answer("group.png", 0.4, sure=0.8, group=DOG),
        answer("unsure.png", 0.5, sure=0.8),
        answer("label.png", 0.9, sure=0.8, group=Group("label 1", "n1", 0.9, 1)),
        failure(),
    ]
    page = written(tmp_path / "report.html", rows)
    assert "the smallest group of labels, that holds at least 80% of the probability" in page
    assert '<h3>dog 97.0% (label 1?)</h3>\n<p class="group">a group of 118 of the 1,000 labels</p>' in page
    assert re.findall(r'<li class="(\w+)"', page) == ["error", "unsure", "answered", "grouped"]
    assert re.findall(r'data-node="(\w+)"', page) == ["n02084071"]
    chips = re.findall(r'data-group="status" data-value="(\w+)".*?<b>(\d)</b>', page)
    assert chips == [("answered", "1"), ("grouped", "1"), ("unsure", "1"), ("error", "1")]
    assert 'data-group="node" data-value="n02084071"' in page
    assert "With --min-prob" not in page


def test_a_run_without_groups_says_nothing_of_them(tmp_path):
    page = written(tmp_path / "report.html", [answer(), answer(prob=0.1, abstained=True)])
    assert "group of" not in page
    assert 'data-value="grouped"' not in page
    assert "data-node" not in page


def test_a_prediction_set_of_several_labels_is_a_line(tmp_path):
    scores = tuple(Score(n, None, f"<{n}>", 0.1, 1.0) for n in range(8))
    page = written(tmp_path / "report.html", [answer(prediction_set=scores), answer(prediction_set=scores[:1])])
    assert page.count('class="possible"') == 1
    assert "one of: &lt;0&gt;, &lt;1&gt;, &lt;2&gt;, &lt;3&gt;, &lt;4&gt; and 3 more" in page
    assert Card.of(answer(prediction_set=scores), 0).prediction.prediction_set is None, "it may be large"
