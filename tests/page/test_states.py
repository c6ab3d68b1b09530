"""Whatever the page shows: nothing moves, everything can be read, the answer is in the first view."""

import json

import numpy as np
import pytest
from visitor import QUIET, TABS, example, open_tab, press, set_temperature, shown, upload

from contrast import FAINT

pytestmark = QUIET

WATCH = """() => {
    const places = ["#main", "#chosen", "#image", "#ways", "#side", "#answer", "#tabs [role=tablist]", "#bars"];
    window.seen = new Set();
    const note = () => {
        const main = document.querySelector("#main").classList;
        window.seen.add(JSON.stringify(places.map(place => {
            const own = main.contains("from-browser") && {"#answer": "#browser-answer", "#bars": "#browser-bars"}[place];
            const {x, y, width, height} = document.querySelector(own || place).getBoundingClientRect();
            const tall = ["#main", "#side"].includes(place);  // hold what is below the bars
            return [place, x, y + scrollY, width, tall ? 0 : height];
        })));
        window.watching = requestAnimationFrame(note);
    };
    note();
}"""


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 900)])
def test_nothing_moves_from_state_to_state(tab, odd, lite0, samples, width, height, tmp_path):
    tab.set_viewport_size({"width": width, "height": height})
    huge = tmp_path / "huge.png"
    with huge.open("wb") as file:
        file.truncate(40 << 20)
    tab.evaluate("Promise.all(document.getAnimations().map(animation => animation.finished))")
    tab.evaluate(WATCH)  # in every frame, so while the page works too
    upload(tab, odd["broken"])
    tab.locator("#answer [role=alert]").wait_for()
    upload(tab, huge)
    tab.locator("#browser-answer [role=alert]", has_text="huge.png is too large").wait_for()
    example(tab, "coffee")
    shown(tab, lite0.predict(samples["coffee"]))
    tab.locator("#sure input").click()
    example(tab, "cat")
    tab.locator("#answer h2", has_text="(tiger cat?)").wait_for()
    set_temperature(tab, 2)
    tab.locator("#live").click()
    tab.locator("#browser-answer h2").wait_for()
    tab.locator("#live").click()
    tab.locator("#elsewhere pre", has_text="camera.jpg").first.wait_for(state="attached")
    press(tab, "Remove Image")
    tab.locator("#answer .note").wait_for()
    boxes = [json.loads(seen) for seen in tab.evaluate("[...seen]")]
    for (name, *_), *_ in zip(*boxes, strict=True):
        numbers = [box for seen in boxes for place, *box in seen if place == name]
        assert np.ptp(numbers, axis=0).max() < 1, name  # less than a pixel


def test_the_answer_is_in_the_first_view_of_a_phone(tab, odd, lite0):
    tab.set_viewport_size({"width": 390, "height": 844})
    upload(tab, odd["turned"])
    shown(tab, lite0.predict(odd["turned"]))
    tops = [tab.locator(place).bounding_box() for place in ("#image", "#answer", "#tabs", "#bars", "#others")]
    assert [box["y"] for box in tops] == sorted(box["y"] for box in tops)
    last = tab.locator("#bars tbody tr").last.bounding_box()
    assert last["y"] + last["height"] <= 844


def test_a_reader_of_screens_finds_its_way(tab):
    assert tab.get_attribute("html", "lang") == "en"
    assert tab.title().startswith("eyeful")
    assert tab.locator("h1").count() == 1
    assert tab.locator("img:not([alt])").count() == 0
    unnamed = """() => [...document.querySelectorAll("button, input, select, textarea")]
        .filter(e => e.checkVisibility())
        .filter(e => !(e.ariaLabel || e.innerText.trim() || e.title || e.labels?.length)).map(e => e.outerHTML)"""
    assert tab.evaluate(unnamed) == []
    levels = [
        int(tag[1]) for tag in tab.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(e => e.tagName)")
    ]
    assert np.diff(levels).max() <= 1
    for name in TABS:
        assert tab.get_by_role("tab", name=name).count() == 1


def test_all_text_stands_out_and_no_width_needs_scrolling_sideways(tab, odd):
    """WCAG's contrast of 4.5, everywhere; at the width of a phone and of a desk."""

    def readable():
        assert tab.evaluate(FAINT) == []
        for width in (390, 1280):
            tab.set_viewport_size({"width": width, "height": 844})
            assert tab.evaluate("document.documentElement.scrollWidth") <= width

    for dark, name, label in ((False, "coffee", "espresso"), (True, "rocket", "missile")):
        tab.evaluate("dark => document.body.classList.toggle('dark', dark)", dark)  # as Gradio does
        example(tab, name)
        tab.locator("#elsewhere pre", has_text=name).first.wait_for(state="attached")
        assert label in tab.inner_text("#answer h2")
        tab.locator("summary").click()
        readable()
        open_tab(tab, "Compare")
        press(tab, "Compare")
        tab.locator("#comparison table").wait_for()
        readable()
        for title in ("Look inside", "Folder", "Teach"):
            open_tab(tab, title)
            readable()
        open_tab(tab, "Classify")
        upload(tab, odd["broken"])
        tab.locator("#answer [role=alert]").wait_for()
        readable()
