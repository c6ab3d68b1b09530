"""The report in a browser: filters, sorting, search, the enlarged view, by mouse and by keyboard."""

from dataclasses import replace

import numpy as np
import pytest

from eyeful.sinks.report import ReportSink
from eyeful.types import Prediction, Score
from offline import offline_tab

MANIFEST = {"model": "fake", "classes": 1000, "activation": "softmax"}
FOLDER = "bucket/photos/"


def answer(name, label, prob, **extra) -> Prediction:
    top = (Score(label, f"n{label:08}", f"label {label}", prob, 8 * prob), Score(0, None, "other", 0.01, -1.25))
    return Prediction(FOLDER + name, top, thumbnail=np.full((60, 80, 3), 90 + label, np.uint8), **extra)


def failure(name, kind, error) -> Prediction:
    return Prediction(FOLDER + name, error_kind=kind, error=error)


ROWS = [
    answer("2.jpg", 5, 0.91),
    answer("10.jpg", 3, 0.42, warnings=("cropped_away:0.62", "grayscale")),
    answer("cat.jpg", 5, 0.15, abstained=True),
    failure("gone.jpg", "not_found", "there is no such file"),
    answer("1.jpg", 7, 0.97, warnings=("grayscale",)),
    failure("<b>half.jpg", "truncated", "its pixels cannot be decoded"),
    *(answer(f"x{number}.jpg", 20 + number, 0.55 + number / 100) for number in range(10)),
]
CONCERN = ["gone.jpg", "<b>half.jpg", "cat.jpg", "10.jpg", *(f"x{n}.jpg" for n in range(10)), "2.jpg", "1.jpg"]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    with ReportSink(path, MANIFEST) as sink:
        for row in ROWS:
            sink.append(row)
    return path.as_uri()


@pytest.fixture
def tab(browser, report):
    with offline_tab(browser, report) as page:
        yield page


def shown(tab) -> list[str]:
    return tab.locator("li:visible .file").all_text_contents()


def filtered(tab, *parts: str) -> list[str]:
    """What is shown once the status says so."""
    names = shown(tab)
    assert tab.get_by_role("status").first.inner_text() == f"{len(names)} of {len(ROWS)} shown"
    for part in parts:
        assert tab.get_by_role("button", name=part, exact=True).get_attribute("aria-pressed") == "true"
    return names


def press(tab, name: str) -> None:
    tab.get_by_role("button", name=name, exact=True).click()


def test_chips_filter(tab):
    assert filtered(tab) == CONCERN
    press(tab, "Errors 2")
    assert filtered(tab, "Errors 2") == ["gone.jpg", "<b>half.jpg"]
    press(tab, "Unsure 1")
    assert filtered(tab, "Errors 2", "Unsure 1") == ["gone.jpg", "<b>half.jpg", "cat.jpg"]
    press(tab, "damaged or cut off 1")  # of another group: both must hold
    assert filtered(tab, "damaged or cut off 1") == ["<b>half.jpg"]
    press(tab, "With warnings 2")
    assert filtered(tab) == []
    assert tab.get_by_text("No image on this page matches all of these.").is_visible()
    press(tab, "Clear filters")
    assert filtered(tab) == CONCERN
    assert tab.locator("[aria-pressed=true]").count() == 0
    warnings = []
    for shown in tab.locator("li .warnings").all():
        shown.scroll_into_view_if_needed()  # the browser draws no card beyond the view
        warnings.append(shown.inner_text())
    assert warnings == ["62% cropped away, grayscale", "grayscale"]
    press(tab, "grayscale 2")
    assert filtered(tab) == ["10.jpg", "1.jpg"]


def test_histograms_filter(tab):
    press(tab, "label 5 2")
    assert filtered(tab, "label 5 2") == ["cat.jpg", "2.jpg"]
    press(tab, "90 to 100%: 2")
    assert filtered(tab, "90 to 100%: 2") == ["2.jpg"]
    press(tab, "label 5 2")
    assert filtered(tab) == ["2.jpg", "1.jpg"]
    assert tab.get_by_role("button", name="0 to 10%: 0", exact=True).is_disabled()
    press(tab, "90 to 100%: 2")
    rare = tab.get_by_role("button", name="label 29 1", exact=True)
    assert not rare.is_visible()
    tab.get_by_text("… 3 more").click()
    rare.click()
    assert filtered(tab) == ["x9.jpg"]


def test_search_by_keyboard(tab):
    tab.keyboard.press("/")
    tab.keyboard.type("LABEL 5")
    assert tab.locator("#search").input_value() == "LABEL 5", "the / is none of it"
    assert filtered(tab) == ["cat.jpg", "2.jpg"]
    tab.locator("#search").fill("<b>HALF")
    assert filtered(tab) == ["<b>half.jpg"]
    tab.locator("#search").fill("photos")
    assert filtered(tab) == [], "what all have in common finds nothing"


@pytest.mark.parametrize(
    ("order", "first", "last"),
    [
        ("as given", ["2.jpg", "10.jpg"], ["x8.jpg", "x9.jpg"]),
        ("by file name", ["<b>half.jpg", "1.jpg", "2.jpg", "10.jpg"], ["x9.jpg"]),
        ("by label", ["10.jpg", "2.jpg", "cat.jpg", "1.jpg"], ["gone.jpg", "<b>half.jpg"]),
        ("least probable first", ["cat.jpg", "10.jpg"], ["gone.jpg", "<b>half.jpg"]),
        ("most probable first", ["1.jpg", "2.jpg", "x9.jpg"], ["gone.jpg", "<b>half.jpg"]),
    ],
)
def test_sorting(tab, order, first, last):
    tab.get_by_label("Sort").select_option(order)
    assert shown(tab)[: len(first)] == first
    assert shown(tab)[-len(last) :] == last
    tab.get_by_label("Sort").select_option("needs a look first")
    assert shown(tab) == CONCERN


def test_a_click_enlarges(tab):
    dialog = tab.get_by_role("dialog")
    assert not dialog.is_visible()
    tab.locator("li", has_text="10.jpg").locator("h3").click()
    assert dialog.get_by_role("heading").inner_text() == "label 3"
    assert dialog.locator(".file").inner_text() == "bucket/photos/10.jpg"
    assert [" ".join(row.split()) for row in dialog.locator(".score").all_inner_texts()] == [
        "label 3 42.0% 3.36",
        "other 1.0% -1.25",
    ]
    cropped = dialog.locator("[title='cropped_away:0.62']")
    assert cropped.locator("q").inner_text() == "The network did not see 62% of the image: it was cropped away."
    assert dialog.locator("img").bounding_box()["width"] == 160, "twice its size: more would blur"
    tab.mouse.click(5, 5)  # beside it
    assert not dialog.is_visible()
    tab.locator("li", has_text="gone.jpg").click()
    assert dialog.get_by_role("heading").inner_text() == "! Error: not found"
    assert dialog.get_by_text("there is no such file").is_visible()


def test_enlarging_by_keyboard(tab):
    press(tab, "With warnings 2")
    dialog, position = tab.get_by_role("dialog"), tab.locator("#position")
    tab.locator("#sort").focus()
    for _ in range(2):  # the button that clears, then the first image
        tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.ariaLabel") == "Enlarge 10.jpg"
    tab.keyboard.press("Enter")
    assert dialog.is_visible()
    assert position.inner_text() == "1 of 2"
    tab.keyboard.press("ArrowRight")
    assert (position.inner_text(), dialog.locator(".file").inner_text()) == ("2 of 2", "bucket/photos/1.jpg")
    tab.keyboard.press("ArrowRight")  # round to the first
    assert (position.inner_text(), dialog.locator(".file").inner_text()) == ("1 of 2", "bucket/photos/10.jpg")
    tab.keyboard.press("ArrowLeft")
    tab.keyboard.press("Escape")
    assert not dialog.is_visible()
    tab.wait_for_function("document.activeElement.ariaLabel === 'Enlarge 1.jpg'")  # the one seen last
    tab.keyboard.press("Enter")
    tab.keyboard.press("Enter")  # the focus is on the button that closes
    assert not dialog.is_visible()


def test_the_path_can_be_copied(tab, browser):
    browser.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.locator("li", has_text="half.jpg").click()
    tab.get_by_role("button", name="Copy the path").click()
    tab.get_by_role("button", name="Copied").wait_for()
    assert tab.evaluate("navigator.clipboard.readText()") == "bucket/photos/<b>half.jpg"
    browser.clear_permissions()


def test_a_telephone(tab):
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.reload()
    summary = tab.get_by_text("Counts of labels, probabilities and warnings")
    assert not tab.get_by_role("button", name="label 5 2").is_visible()
    assert tab.locator("li").first.bounding_box()["y"] < 500, "an image is on the first screen"
    summary.click()
    tab.get_by_role("button", name="label 5 2").click()
    assert filtered(tab) == ["cat.jpg", "2.jpg"]
    tab.locator("li:visible").first.click()
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    assert tab.locator("dialog").evaluate("node => node.scrollWidth <= node.clientWidth")


@pytest.mark.slow
def test_a_large_run(browser, tmp_path):
    path = tmp_path / "large.html"
    with ReportSink(path, MANIFEST) as sink:
        for number in range(3_000):
            row = answer(f"{number}.jpg", number % 9, 0.1 + number / 4_000, abstained=number < 600)
            sink.append(replace(row, thumbnail=None))
        sink.append(failure("bad.jpg", "empty", "no bytes"))
    tab = browser.new_page()
    tab.goto(path.as_uri())
    cards, status = tab.locator("li:visible .file"), tab.locator("#status")
    assert status.inner_text() == "600 of 600 shown"
    assert cards.first.inner_text() == "bad.jpg"
    press(tab, "Even sample 100")
    assert status.inner_text() == "100 of 600 shown"
    assert all(int(name.removesuffix(".jpg")) >= 600 for name in cards.all_text_contents())
    press(tab, "Unsure 600")
    assert tab.get_by_text("The counts are of all 3,001 images; this page shows 600.").is_visible()
    press(tab, "Even sample 100")
    assert status.inner_text() == "499 of 600 shown"
    tab.close()
