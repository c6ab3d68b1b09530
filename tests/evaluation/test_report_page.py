"""The report of an evaluation in a browser: sorting, finding, images, by mouse and by keyboard, on any screen."""

from itertools import pairwise

import pytest

from contrast import FAINT
from evaluating import bare, whole
from eyeful.evaluation.report import write_report
from eyeful.types import Item
from helpers import noise_image
from judging import labels_of
from offline import offline_tab


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    images = (Item(f"{number}.jpg", noise_image(number, 80, 60)) for number in range(0, 400, 2))
    write_report(whole(), path, images)
    return path.as_uri()


@pytest.fixture
def tab(browser, report):
    with offline_tab(browser, report) as page:
        yield page


def column(tab, number: int) -> list[str]:
    return tab.locator(f".sortable tbody tr:visible > :nth-child({number})").all_inner_texts()


def sorted_by(tab) -> dict[str, str]:
    heads = tab.locator(".sortable th[aria-sort]")
    return {head.inner_text().strip(" ↕↑↓"): head.get_attribute("aria-sort") for head in heads.all()}


def test_the_worst_are_first_and_a_click_sorts(tab):
    shares = [float(text.strip("%")) for text in column(tab, 3)]
    assert len(shares) == 20
    assert shares == sorted(shares)
    assert sorted_by(tab) == {"label": "none", "images": "none", "right": "ascending"}
    tab.get_by_role("button", name="label", exact=True).click()
    assert column(tab, 1) == [f"label {number}" for number in range(20)], "label 10 is behind label 9"
    tab.get_by_role("button", name="images", exact=True).click()
    assert (counts := [int(text) for text in column(tab, 2)]) == sorted(counts, reverse=True)
    assert sorted_by(tab) == {"label": "none", "images": "descending", "right": "none"}
    tab.get_by_role("button", name="images", exact=True).click()
    assert column(tab, 2) == [str(count) for count in sorted(counts)]


def test_sorting_by_keyboard(tab):
    tab.get_by_label("Find a label").focus()
    for _ in range(2):  # the table that scrolls, then its first head
        tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "label"
    tab.keyboard.press("Enter")
    tab.keyboard.press("Space")
    assert column(tab, 1)[:2] == ["label 19", "label 18"]


def test_a_label_is_found(tab):
    tab.get_by_label("Find a label").fill("LABEL 1")
    assert sorted(column(tab, 1)) == sorted(["label 1", *(f"label 1{n}" for n in range(10))])
    tab.get_by_label("Find a label").fill("")
    assert len(column(tab, 1)) == 20


def test_an_image_is_enlarged_by_keyboard(tab):
    dialog = tab.get_by_role("dialog")
    shown = tab.locator("#suspicious button.thumb:has(img)").first
    name = shown.get_attribute("data-name")
    shown.focus()
    tab.keyboard.press("Enter")
    assert dialog.locator("code").inner_text() == name
    assert dialog.locator("p").first.inner_text().startswith("Said to be label")
    assert dialog.locator("img").evaluate("image => image.naturalWidth") == 80
    tab.keyboard.press("Escape")
    assert not dialog.is_visible()
    tab.wait_for_function("name => document.activeElement.dataset.name === name", arg=name)
    tab.locator("button.thumb", has_text="no image").first.click()
    assert not dialog.locator("img").is_visible()
    tab.mouse.click(3, 3)  # beside it
    assert not dialog.is_visible()


def test_the_tiles_lead_to_their_parts(tab):
    tiles = tab.get_by_role("navigation").get_by_role("link")
    for tile in tiles.all():
        tile.click()
        assert tab.locator(tile.get_attribute("href")).count() == 1
    assert tiles.count() == 4


def test_a_reader_of_screens_finds_its_way(tab):
    assert tab.get_attribute("html", "lang") == "en"
    assert tab.locator("h1").count() == 1
    unnamed = """() => [...document.querySelectorAll("button, input, [role=img], [role=region]")]
        .filter(e => e.checkVisibility())
        .filter(e => !(e.ariaLabel || e.innerText?.trim() || e.title)).map(e => e.outerHTML)"""
    assert tab.evaluate(unnamed) == []
    ids = tab.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    levels = tab.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(e => Number(e.tagName[1]))")
    assert max(later - earlier for earlier, later in pairwise(levels)) <= 1


LONG = "w" * 90
CASES = {
    "whole": whole(),
    "two labels": bare(),
    "nothing": bare(0),
    "many labels": bare(6000, 300),
    "long names": whole(
        type(labels_of(1))(tuple(f"{LONG}{n}" for n in range(20)), (None,) * 20),
        [f"{LONG}/{LONG}{n}.jpg" for n in range(400)],
        model=LONG,
        truth=f"{LONG}.csv",
        provenance={LONG: LONG},
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_all_text_stands_out_and_no_width_needs_scrolling_sideways(browser, tmp_path, case, scheme):
    path = tmp_path / "report.html"
    write_report(CASES[case], path)
    tab = browser.new_page()
    tab.emulate_media(color_scheme=scheme)
    tab.goto(path.as_uri())
    tab.evaluate("for (const e of document.querySelectorAll('details')) e.open = true")
    assert tab.evaluate(FAINT) == []
    for width in (320, 390, 900, 1280):
        tab.set_viewport_size({"width": width, "height": 844})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        beyond = "() => [...document.querySelectorAll('section, nav, header')].filter(e => e.scrollWidth > e.clientWidth)"
        assert tab.evaluate(f"({beyond})().map(e => e.id)") == []
    tab.close()


def test_on_a_telephone_the_answer_is_on_the_first_screen(tab):
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.reload()
    assert tab.locator("h1").bounding_box()["y"] < 120
    tiles = tab.locator(".tiles a").last.bounding_box()
    assert tiles["y"] + tiles["height"] <= 844
    tab.locator("#suspicious button.thumb").first.click()
    box = tab.get_by_role("dialog").bounding_box()
    assert 0 <= box["x"] <= box["x"] + box["width"] <= 390
