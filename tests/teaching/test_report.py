"""The report of teaching, and its sentences: what they say, that nothing in them does harm, on any screen."""

import html
import re
from dataclasses import replace
from pathlib import Path

import pytest

from contrast import FAINT
from eyeful.errors import OutputError
from eyeful.teaching import summary
from eyeful.teaching.report import LABELS, SAMPLES, samples_of, write_report
from teaching_results import evaluation_of_labelled, labelled_of, taught_of

HOSTILE = ("<script>alert(1)</script>", 'a" onload="x', "{{7*7}}", "\u202egnp.exe")


def page_of(tmp_path, taught, labelled, test_items=()) -> str:
    write_report(taught, labelled, tmp_path / "report.html", test_items)
    return (tmp_path / "report.html").read_text()


def text_of(page: str) -> str:
    """What a reader sees, in one line."""
    body = re.sub(r"(?s)<(style|script).*?</\1>|<[^>]*>", " ", page)
    return " ".join(html.unescape(body).split())


def test_it_says_what_was_taught_and_how_good_it_is(tmp_path):
    labelled = labelled_of()
    page = page_of(tmp_path, taught_of(labelled), labelled)
    text = text_of(page)
    assert "91.0% right 91 of 100 in cross-validation, between 82.0% and 96.0%" in text
    assert summary.CROSS_VALIDATION in text
    assert summary.INTERVAL in text
    assert "The network stays as it is: every weight of it is frozen." in text
    assert "dog · 20 images" in text
    assert "Left out: 3 images, in no folder of a label; 1 image, damaged or cut off." in text
    assert "2 images are nearly the same as another" in text
    assert "5.2% of the labels' own images are answered so in cross-validation" in text
    assert "--outsiders FOLDER counts how many images of no label are." in text
    assert summary.NEW_LABELS in text
    assert "Look at these first" in text
    assert "Another label is at least four times as probable" in text
    assert "taken for" in text
    assert "eyeful predict --model mymodel photos/" in text
    assert page.count("data:image/jpeg;base64,") > len(labelled.labels) * SAMPLES
    assert "no image" not in text
    assert 'id="test"' not in page


def test_of_a_test_and_of_outsiders(tmp_path):
    labelled = labelled_of()
    test = labelled_of(pattern="test/{label}/{number}.jpg")
    taught = taught_of(labelled, outsiders=True)
    taught = replace(taught, test=evaluation_of_labelled(test, 1))
    text = text_of(page_of(tmp_path, taught, labelled, test.items))
    top1 = taught.test.top1
    assert f"{100 * top1.share:.1f}% right {top1.right} of 100 images of the test" in text
    assert "in cross-validation 91.0% right between 82.0% and 96.0%" in text
    assert "Of 200 images of no label, 95.5% are." in text
    assert "none of these 191 got a label 9" in text
    assert "no image" not in text


def test_nothing_is_fetched_and_nothing_is_run(tmp_path):
    labelled = labelled_of(HOSTILE, pattern="{label}<b>{number}.jpg")
    page = page_of(tmp_path, taught_of(labelled, test=True), labelled)
    assert "default-src 'none'; img-src data:" in page
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)
    assert page.count("<script>") == 1
    assert "{{7*7}}" in page
    assert "\u202e" not in page


def test_its_size_does_not_grow_with_labels_and_images(tmp_path):
    many = labelled_of(tuple(sorted(f"label {n}" for n in range(40))), 5)
    samples = samples_of(many)
    assert len(samples) == LABELS
    assert {len(names) for names in samples.values()} == {SAMPLES}
    page = page_of(tmp_path, taught_of(many), many)
    assert len(page) < 1_000_000
    assert "16 more labels" in text_of(page)


def test_what_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        write_report(taught_of(labelled_of()), labelled_of(), tmp_path / "file" / "report.html")


def test_its_sentences():
    lines = summary.summary_lines(taught_of(labelled_of(), test=True, outsiders=True))
    assert lines[0] == "Taught 5 labels, bird 20, dog 20, food 20, other mammal 20, vehicle 20: 100 images."
    assert "Not taught: 1 image, damaged or cut off." in lines
    assert "2 images are nearly the same as another." in lines
    said = "91.0% right in cross-validation: 91 of 100 images. Of as many new images, taken as these are, expect 82.0% to 96.0%"
    assert f"{said} (9 times of 10)." in lines
    assert not any(line.startswith("More images") for line in lines)
    assert any(line.startswith("Worst: ") for line in lines)
    assert any(line.startswith("Look at these first") for line in lines)
    assert "None of these: 5.2% of the labels' own images are answered so (false alarms)." in lines
    assert lines[-2:] == ["Of 200 images of no label, 191 are answered so: 95.5%.", summary.NEW_LABELS]
    assert not any("\n" in line for line in lines)


LONG = "w" * 90


@pytest.mark.parametrize("case", ["usual", "long names"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_and_no_width_needs_scrolling_sideways(browser, tmp_path, case, scheme):
    names = ("a", "b") if case == "usual" else (LONG, f"{LONG}2")
    labelled = labelled_of(
        names, 30, "{label}/{number}.jpg" if case == "usual" else LONG + "/{label}/{number}.jpg"
    )
    taught = taught_of(labelled, test=True, outsiders=case == "usual", output=Path(names[0]))
    write_report(taught, labelled, tmp_path / "report.html")
    tab = browser.new_page()
    tab.emulate_media(color_scheme=scheme)
    tab.goto((tmp_path / "report.html").as_uri())
    tab.evaluate("for (const e of document.querySelectorAll('details')) e.open = true")
    assert tab.evaluate(FAINT) == []
    for width in (320, 390, 900, 1280):
        tab.set_viewport_size({"width": width, "height": 844})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        beyond = "() => [...document.querySelectorAll('section, nav, header')].filter(e => e.scrollWidth > e.clientWidth)"
        assert tab.evaluate(f"({beyond})().map(e => e.id)") == []
    for tile in tab.get_by_role("navigation").get_by_role("link").all():
        assert tab.locator(tile.get_attribute("href")).count() == 1
    ids = tab.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    tab.close()
