"""What the page says of an answer with a calibration, and that all its numbers agree with it."""

import pytest
from fastapi import FastAPI
from visitor import QUIET, at_rest, example, open_tab, press

from eyeful.page.serve import mount
from eyeful.page.snippets import snippets
from eyeful.results import Calibration, Risk, made_for, softmax
from eyeful.wording import percent

pytestmark = QUIET
T = 0.658


@pytest.fixture(scope="module")
def calibrated(lite0):
    risk = Risk(0.05, 0.1, 0.76, 206, 160, 3)
    found = Calibration(lite0.model, "2026-01-02", made_for(lite0.provenance), 412, T, 206, risk)
    return lite0.with_options(calibration=found.to_dict())


@pytest.fixture(scope="module")
def site(runs, calibrated, lite0):
    with runs(lambda: mount(FastAPI(), {"mine": calibrated, "lite0": lite0}, others=None)) as site:
        yield site


def test_what_is_promised(tab, calibrated, samples):
    cat, coffee = calibrated.predict(samples["cat"]), calibrated.predict(samples["coffee"])
    assert tab.locator("#answer .promise").inner_text() == "Below what your calibration promises: unsure."
    assert tab.locator("#answer h2").inner_text() == f"unsure ({cat.label}?) {percent(cat.prob)}"
    bars = tab.locator("#bars tbody tr .probability span").all_inner_texts()
    assert bars == [percent(score.prob) for score in cat.top]
    assert "Your calibration divides the logits by 0.658" in tab.locator("#seen").inner_text()
    assert "your calibration divides them by 0.658" in tab.locator("#effect").inner_text()
    example(tab, "coffee")
    promise = "Right in at least 95% of answers like this (from 412 images of yours)."
    tab.locator("#answer .promise", has_text=promise).wait_for()
    assert tab.locator("#answer h2").inner_text() == f"{coffee.label} {percent(coffee.prob)}"
    open_tab(tab, "Compare")
    press(tab, "Compare")
    tab.locator("#comparison table").wait_for()
    first = tab.locator("#comparison td.first").all_inner_texts()
    assert first == [percent(coffee.prob), percent(float(softmax(coffee.logits).max()))]


def test_the_slider_divides_once_more(tab, calibrated, samples):
    cat = calibrated.predict(samples["cat"])
    slider = tab.locator("#temperature input[type=range]")
    slider.fill("2")
    at_rest(tab)
    tab.locator("#effect", has_text="At T = 2").wait_for()
    probs = softmax(cat.logits, 2 * T)
    bars = tab.locator("#bars tbody tr .probability span").all_inner_texts()
    assert bars == [percent(float(probs[score.index])) for score in cat.top]
    assert percent(cat.prob) in tab.locator("#effect").inner_text()


def test_code_to_copy_names_the_file(calibrated):
    found = snippets(calibrated.spec, "cat.jpg")
    assert "calibration='calibration.json'" in found.python
    assert "--calibration=calibration.json" in found.command
    assert "--calibration=calibration.json" in found.server
    assert "calibration='none'" in snippets(calibrated.with_options(calibration={}).spec, "cat.jpg").python
