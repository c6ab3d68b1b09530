"""The tabs *Look inside*, *Compare* and *Folder* in a browser, against the same classifiers in Python."""

import csv
import io

import pytest
from visitor import QUIET, at_rest, example, open_tab, press, rows, shown, upload

from eyeful.wording import percent

pytestmark = QUIET


def test_compare(tab, lite0, second, cat):
    open_tab(tab, "Compare")
    press(tab, "Compare")  # the image that is there
    tab.locator("#comparison table").wait_for()
    predictions = {"lite0": lite0.predict(cat), "mine": second.predict(cat)}
    assert tab.locator("#comparison thead th").all_inner_texts() == ["Label", *predictions]
    logits = [prediction.logits for prediction in predictions.values()]
    wnids = {score.wnid: score for prediction in predictions.values() for score in prediction.top}

    def probs(score):
        from eyeful.results import softmax

        return [float(softmax(one)[score.index]) for one in logits]  # both have the same labels

    best = sorted(wnids.values(), key=lambda score: -sum(probs(score)))
    assert rows(tab, "#comparison") == [(score.label, *map(percent, probs(score))) for score in best]
    first = tab.locator("#comparison td.first").all_inner_texts()
    assert sorted(first) == sorted(percent(prediction.prob) for prediction in predictions.values())
    example(tab, "coffee")  # what was compared goes
    tab.locator("#comparison", has_text="Press Compare").wait_for()
    press(tab, "Remove Image")
    tab.locator("#answer .note").wait_for()
    press(tab, "Compare")
    tab.locator("#comparison [role=alert]", has_text="There is no image").wait_for()


def test_folder_gives_the_report_and_the_rows_of_predict(tab, lite0, odd, cat, tmp_path):
    from eyeful.runs import run
    from eyeful.sinks.csv import CsvSink
    from eyeful.sinks.report import ReportSink
    from eyeful.sources import open_source
    from eyeful.types import Item

    files = [cat, odd["turned"], odd["broken"]]
    open_tab(tab, "Folder")
    assert tab.locator("#report").is_disabled()
    tab.set_input_files("#folder-ways input[type=file]", files)
    tab.locator("#rows .agreement", has_text="3 inputs = 2 predicted + 1 error (truncated 1)").wait_for()
    assert [name.inner_text() for name in tab.locator("#rows tbody th").all()] == [f.name for f in files]
    assert tab.locator("#rows tbody img").count() == 2
    items = [Item(path.name, path) for path in files]
    here = {"eyeful-report.html": tmp_path / "report.html", "eyeful-rows.csv": tmp_path / "rows.csv"}
    report, table = here.values()
    run(lite0, open_source(items), [ReportSink(report, lite0.provenance), CsvSink(table)])
    for place, name in (("#report", "eyeful-report.html"), ("#csv", "eyeful-rows.csv")):
        with tab.expect_download() as download:
            tab.locator(place).click()
        assert download.value.suggested_filename == name
        assert download.value.path().read_bytes() == here[name].read_bytes()
    assert len(list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))))) == 3


def test_too_many_files_for_a_folder(tab, cat, monkeypatch):
    monkeypatch.setattr("eyeful.page.folder.MOST_FILES", 1)
    open_tab(tab, "Folder")
    tab.set_input_files("#folder-ways input[type=file]", [cat, cat])
    tab.locator("#rows [role=alert]", has_text="2 images are too many").wait_for()


@pytest.mark.slow
def test_look_inside(tab, lite0, cat):
    pytest.importorskip("captum")
    found = lite0.explain(cat)
    open_tab(tab, "Look inside")
    tab.locator("#step h3", has_text="the pixels").wait_for()
    depth = tab.locator("#depth input[type=range]")
    assert int(depth.get_attribute("max")) == len(found.stages) + 3
    for stage in found.stages:
        depth.press("ArrowRight")
        tab.locator("#step h3", has_text=f"after {stage.layer}").wait_for()
        assert f"{len(stage.maps_CHW)} feature maps" in tab.inner_text("#step")
    depth.press("End")
    tab.locator("#step caption", has_text="best 5").wait_for()
    assert [row[0] for row in rows(tab, "#step")] == [score.label for score in found.top[:5]]
    assert [label.inner_text() for label in tab.locator("#target label").all()] == [s.label for s in found.top[:5]]
    for score in (found.top[0], found.top[4]):
        at_rest(tab)
        tab.locator("#target label", has_text=score.label).click()
        tab.locator("#looked figcaption", has_text=f"speak for {score.label}").wait_for()


@pytest.mark.slow
def test_what_cannot_be_classified_is_an_error_in_every_tab(tab, odd, cat, lite0, tmp_path):
    (tmp_path / "notes.txt").write_text("not an image\n" * 9)
    upload(tab, tmp_path / "notes.txt")
    tab.locator("#answer [role=alert]", has_text="notes.txt is not an image").wait_for()
    assert "Choose a JPEG" in tab.inner_text("#answer [role=alert]")
    upload(tab, odd["broken"])
    tab.locator("#answer [role=alert]", has_text="broken.png is incomplete or damaged").wait_for()
    open_tab(tab, "Look inside")
    tab.locator("#inside [role=alert]", has_text="no answer for broken.png").wait_for()
    open_tab(tab, "Compare")
    press(tab, "Compare")
    tab.locator("#comparison [role=alert]", has_text="Copy or download it again").wait_for()
    open_tab(tab, "Classify")
    upload(tab, cat)  # and nothing else is broken
    shown(tab, lite0.predict(cat))
