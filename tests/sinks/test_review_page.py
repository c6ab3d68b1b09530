"""The review page in a browser: judged by keyboard, by mouse and by thumb, saved, reloaded, and never on the network."""

import csv
import os
import re
from pathlib import Path

import numpy as np
import pytest

from eyeful.evaluation.metrics import share_of
from eyeful.evaluation.verdicts import evaluate_verdicts
from eyeful.sinks.review import COLUMNS, ReviewSink
from eyeful.types import Group, Prediction, Score

MANIFEST = {"model": "fake", "classes": 1000, "activation": "softmax"}
NAMES = [
    *('<img src="http://example.org/x.png">.png', "a,b\n\"c\r'.png", "=1+1.png", os.fsdecode(b"bad\xff.png")),
    *("twice.jpg", "twice.jpg", "ünï→.jpg", "</script>.jpg"),
]
DOG = Group("dog", "n02084071", 0.97, 118)
DESKTOP = {"viewport": {"width": 1280, "height": 860}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def answer(name, number) -> Prediction:
    top = (Score(number, f"n{number:08}", f"label {number}", 0.5, 8.0), Score(0, None, "<b>other", 0.01, -1.25))
    more = {"sure": 0.8, "group": DOG} if number % 3 == 2 else {}
    return Prediction(name, top, thumbnail=np.full((240, 320, 3), number % 250, np.uint8), **more)


def written(path: Path, names=NAMES, images=100, manifest=MANIFEST) -> str:
    with ReviewSink(path, manifest, images) as sink:
        for number, name in enumerate(names, 1):
            sink.append(answer(name, number))
    return path.as_uri()


@pytest.fixture
def open_page(browser):
    """Open a page in a browser of its own, as often as it is called; none may ask anybody for anything, or fail."""
    contexts, asked, said, opened = [], [], [], set()

    def begin(url: str, how=DESKTOP, context=None):
        if context is None:
            context = browser.browser.new_context(**how)
            contexts.append(context)
        opened.add(url)
        tab = context.new_page()
        tab.set_default_timeout(10_000)
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("console", lambda message: said.append(message.text))
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.goto(url)
        return tab

    yield begin
    for context in contexts:
        context.close()
    assert {url for url in asked if not url.startswith(("data:", "blob:"))} == opened
    assert said == []


@pytest.fixture
def url(tmp_path):
    return written(tmp_path / "review.html")


def press(tab, *keys: str) -> None:
    for key in keys:
        tab.keyboard.press(key)


def position(tab) -> str:
    return tab.locator("#position").inner_text()


def so_far(tab) -> str:
    return tab.locator("#so-far").inner_text()


def asked_about(tab) -> str:
    return tab.locator("li.current h2").inner_text()


def saved(tab, path: Path) -> Path:
    with tab.expect_download() as download:
        tab.get_by_role("button", name=re.compile("^Save")).click()
    assert download.value.suggested_filename == "verdicts.csv"
    download.value.save_as(path)
    return path


def verdicts_in(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row["verdict"] for row in csv.DictReader(file)]


def test_by_keyboard_alone(open_page, url):
    tab = open_page(url)
    assert (position(tab), so_far(tab)) == ("1 of 8", "So far none judged")
    press(tab, "y", "ArrowRight", "n", "ArrowLeft", "Space", "ArrowDown")
    assert position(tab) == "7 of 8"
    assert so_far(tab) == "So far 2 of 4 right: 50.0%, between 15.0% and 85.0%; 2 can't say"
    press(tab, "u", "ArrowUp", "Backspace")
    assert position(tab) == "4 of 8"
    assert tab.get_by_role("button", name="No", exact=False).first.get_attribute("aria-pressed") == "true"
    press(tab, "y")
    assert position(tab) == "7 of 8", "on to the next that is not judged"
    assert so_far(tab).startswith("So far 3 of 4 right: 75.0%")
    press(tab, "y", "Y")
    assert not tab.locator("#controls").is_visible()
    score = tab.locator("#score").inner_text()
    assert score == "All judged. 5 of 6 right: 83.3%, between 43.6% and 97.0%; 2 can't say"
    press(tab, "y")
    assert tab.locator("#score").inner_text() == score, "what is shown is not asked about"


def test_keys_of_the_browser_are_left_alone(open_page, url):
    tab = open_page(url)
    press(tab, "Control+y", "Alt+n", "Meta+u", "Shift", "x")
    assert so_far(tab) == "So far none judged"
    tab.evaluate("dispatchEvent(new KeyboardEvent('keydown', {key: 'y', repeat: true}))")
    assert so_far(tab) == "So far none judged", "a key that is held down judges once"


def test_buttons_reached_by_tab(open_page, url):
    tab = open_page(url)
    tab.get_by_role("button", name=re.compile("^Yes")).focus()
    press(tab, "Space")
    assert so_far(tab).startswith("So far 1 of 1 right")
    press(tab, "Enter")
    assert so_far(tab).startswith("So far 2 of 2 right")


def test_by_mouse_the_space_bar_stays_what_it_says(open_page, url):
    tab = open_page(url)
    tab.get_by_role("button", name=re.compile("^Yes")).click()
    press(tab, "Space")
    assert so_far(tab) == "So far 1 of 1 right: 100.0%, between 20.7% and 100.0%; 1 can't say"
    tab.get_by_role("button", name=re.compile("^Back")).click()
    tab.get_by_role("button", name=re.compile("^No")).click()
    assert so_far(tab).startswith("So far 1 of 2 right")


def test_an_answer_and_what_is_folded_away(open_page, url):
    tab = open_page(url)
    for _ in NAMES:
        if "dog" in asked_about(tab):
            break
        press(tab, "y")
    assert re.fullmatch(r"dog \(label \d\?\)", asked_about(tab))
    details = tab.locator("li.current details")
    assert not details.locator(".score").first.is_visible(), "nothing sways whoever judges"
    details.locator("summary").focus()
    press(tab, "Space")
    assert " ".join(details.locator(".score").first.inner_text().split()) == "dog: 118 labels 97.0%"
    assert so_far(tab) != "", "the space bar unfolded, and did not judge"
    assert details.locator(".file").is_visible()


def swipe(tab, distance: float) -> None:
    box = tab.locator("li.current .image").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = tab.context.new_cdp_session(tab)
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 6):
        point = {"x": x + distance * step / 5, "y": y + step}
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_by_thumb(open_page, url):
    tab = open_page(url, PHONE)
    buttons = [tab.get_by_role("button", name=re.compile(f"^{name}")) for name in ("No", "Can't say", "Yes")]
    for button in buttons:
        box = button.bounding_box()
        assert box["height"] >= 48
        assert box["width"] >= 100
        assert box["y"] + box["height"] > 700, "where a thumb is"
    for button in buttons:
        button.tap()
    assert so_far(tab).startswith("So far 1 of 2 right")
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    assert tab.evaluate("document.documentElement.scrollHeight") == 844, "the whole question is on the screen"
    image = tab.locator("li.current img").bounding_box()
    assert image["height"] > 300


def test_a_swipe_judges(open_page, url):
    tab = open_page(url, PHONE)
    swipe(tab, 150)
    assert so_far(tab).startswith("So far 1 of 1 right")
    swipe(tab, -150)
    assert so_far(tab).startswith("So far 1 of 2 right")
    swipe(tab, 30)
    assert position(tab) == "3 of 8", "a short one is none"


def test_verdicts_survive_a_reload(open_page, url):
    tab = open_page(url)
    press(tab, "y", "n", "Space")
    said = so_far(tab)
    tab.close()
    tab = open_page(url, context=tab.context)
    assert (position(tab), so_far(tab)) == ("4 of 8", said)
    press(tab, "o")
    marks = tab.locator("li").evaluate_all("nodes => nodes.map(node => node.classList[0] ?? '')")
    assert marks[:3] == ["yes", "no", "unsure"]


def test_another_sample_has_its_own(open_page, url, tmp_path):
    tab = open_page(url)
    press(tab, "y")
    other = written(tmp_path / "other.html", NAMES[:5])
    assert so_far(open_page(other, context=tab.context)) == "So far none judged"
    again = written(tmp_path / "again.html")
    assert so_far(open_page(again, context=tab.context)).startswith("So far 1 of 1 right")


def test_saved_and_loaded_where_the_browser_forgot(open_page, url, tmp_path):
    tab = open_page(url)
    press(tab, "y", "n", "Space", "y", "y")
    path = saved(tab, tmp_path / "verdicts.csv")
    assert verdicts_in(path) == ["yes", "no", "unsure", "yes", "yes", "", "", ""]
    fresh = open_page(url)
    assert so_far(fresh) == "So far none judged"
    press(fresh, "o")
    fresh.locator("#load").set_input_files(path)
    fresh.get_by_text("5 verdicts loaded.").wait_for()
    assert fresh.locator("#score").inner_text() == tab.locator("#so-far").inner_text()
    press(fresh, "o")
    assert position(fresh) == "6 of 8"
    press(fresh, "n", "n", "n")
    again = saved(fresh, tmp_path / "again.csv")
    assert verdicts_in(again) == ["yes", "no", "unsure", "yes", "yes", "no", "no", "no"]


def test_python_reads_what_it_saves(open_page, url, tmp_path):
    tab = open_page(url)
    press(tab, "y", "n", "Space", "y", "y", "n")
    found = evaluate_verdicts(saved(tab, tmp_path / "verdicts.csv"))
    assert sorted(one.filename for one in found.verdicts) == sorted(NAMES)
    assert [one.said for one in found.verdicts] == ["yes", "no", "unsure", "yes", "yes", "no", "", ""]
    assert {one.group for one in found.verdicts} == {None, "dog"}
    share = found.top1
    assert so_far(tab).startswith(f"So far {share.right} of {share.of} right: {100 * share.share:.1f}%, between")


def test_a_spreadsheet_may_save_it_anew(open_page, url, tmp_path):
    tab = open_page(url)
    press(tab, "y", "n", "Space", "y")
    path = saved(tab, tmp_path / "verdicts.csv")
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    with (tmp_path / "excel.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL).writerows([header, *reversed(rows)])
    fresh = open_page(url)
    press(fresh, "o")
    fresh.locator("#load").set_input_files(tmp_path / "excel.csv")
    fresh.get_by_text("4 verdicts loaded.").wait_for()
    assert sorted(verdicts_in(saved(fresh, tmp_path / "again.csv"))) == sorted(verdicts_in(path))
    assert evaluate_verdicts(tmp_path / "excel.csv").top1 == evaluate_verdicts(path).top1


def test_a_dropped_file_is_loaded(open_page, url, tmp_path):
    tab = open_page(url)
    press(tab, "y", "n")
    text = saved(tab, tmp_path / "verdicts.csv").read_bytes().decode()
    fresh = open_page(url)
    fresh.evaluate(
        """text => {
            const files = new DataTransfer();
            files.items.add(new File([text], "verdicts.csv"));
            dispatchEvent(new DragEvent("drop", {dataTransfer: files, cancelable: true}));
        }""",
        text,
    )
    fresh.get_by_text("2 verdicts loaded.").wait_for()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "This is no verdicts.csv: its first line names other columns."),
        ("filename,label\nx,y\n", "This is no verdicts.csv: its first line names other columns."),
        (
            f"{','.join(COLUMNS)}\nx.jpg,,a,,1,0.5,,yes,fake,2026\n",
            "0 verdicts loaded; 1 of its rows is not of this page.",
        ),
    ],
)
def test_another_file_is_told(open_page, url, tmp_path, text, says):
    (tmp_path / "other.csv").write_text(text)
    tab = open_page(url)
    press(tab, "y", "o")
    tab.locator("#load").set_input_files(tmp_path / "other.csv")
    tab.get_by_text(says).wait_for()
    assert tab.locator("#score").inner_text().startswith("So far 1 of 1 right")


def test_verdicts_of_another_model_are_not_taken(open_page, url, tmp_path):
    tab = open_page(written(tmp_path / "other.html", manifest=MANIFEST | {"model": "other"}))
    press(tab, "y", "y")
    path = saved(tab, tmp_path / "verdicts.csv")
    tab = open_page(url)
    press(tab, "o")
    tab.locator("#load").set_input_files(path)
    tab.get_by_text("0 verdicts loaded; 8 of its rows are not of this page.").wait_for()


def test_all_verdicts_and_one_changed(open_page, url):
    tab = open_page(url)
    press(tab, "y", "n", "y")
    tab.get_by_role("button", name="All verdicts").click()
    assert position(tab) == "3 of 8"
    tab.get_by_role("button", name="Image 2", exact=True).click()
    assert position(tab) == "2 of 8"
    press(tab, "y")
    assert position(tab) == "4 of 8"
    assert so_far(tab).startswith("So far 3 of 3 right")
    press(tab, "o")
    tab.on("dialog", lambda dialog: dialog.accept())
    tab.get_by_role("button", name="Forget all verdicts").click()
    assert tab.locator("#score").inner_text() == "So far none judged"


def test_a_browser_that_stores_nothing_says_so(open_page, url, tmp_path):
    tab = open_page(url)
    tab.context.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('no'); }})"
    )
    tab = open_page(url, context=tab.context)
    press(tab, "y")
    assert tab.get_by_text(
        "This browser stores nothing for this page: save verdicts.csv before you close it."
    ).is_visible()
    assert verdicts_in(saved(tab, tmp_path / "verdicts.csv"))[0] == "yes"


def test_the_numbers_are_pythons(open_page, url):
    tab = open_page(url)
    cases = [(right, of - right) for of in range(1, 61) for right in range(of + 1)]
    told = tab.evaluate("cases => cases.map(([yes, no]) => scoreOf(yes, no, 0))", cases)
    for (yes, no), text in zip(cases, told, strict=True):
        share = share_of(yes, yes + no)
        numbers = [f"{100 * value:.1f}%" for value in (share.share, share.low, share.high)]
        assert text == "So far {} of {} right: {}, between {} and {}".format(yes, yes + no, *numbers)


@pytest.mark.parametrize("how", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nothing_sticks_out(open_page, how, tmp_path):
    long = [f"{'deep/' * 60}{number}.jpg" for number in range(30)]
    tab = open_page(written(tmp_path / "r.html", long), how)
    width = how["viewport"]["width"]
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    tab.locator("li.current summary").click()
    for name in ("No", "Can't say", "Yes", "Back"):
        box = tab.get_by_role("button", name=re.compile(f"^{name}")).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= how["viewport"]["height"]
    tab.locator("#switch").click()
    assert tab.evaluate("document.documentElement.scrollWidth") == width
