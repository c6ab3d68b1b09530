"""What a visitor does on the page, and what is to be read there."""

import re

import pytest

from eyeful.results import softmax
from eyeful.wording import percent

QUIET = [  # by Gradio, through pandas
    pytest.mark.filterwarnings("ignore:.future.no_silent_downcasting. is deprecated"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
]
TABS = ("Classify", "Look inside", "Compare", "Folder", "Teach")


_ANSWERING: dict = {}
"""The streams of answers that are open, by tab."""


def watch(tab):
    """Note the streams of this tab's answers, for `at_rest`."""
    streams = _ANSWERING[tab] = set()
    tab.on("request", lambda request: streams.add(request) if "/queue/data" in request.url else None)
    for ended in ("requestfinished", "requestfailed"):
        tab.on(ended, lambda request: streams.discard(request))  # noqa: PLW0108 - Playwright marks its handlers
    tab.on("close", lambda tab: _ANSWERING.pop(tab, None))


def at_rest(tab):
    """Wait, as people do who read an answer before they click again; `test_order.py` is about those who do not."""
    for _ in range(100):  # of 20 ms
        tab.wait_for_timeout(20)
        if not _ANSWERING.get(tab):
            break
    tab.wait_for_timeout(50)


def upload(tab, path):
    at_rest(tab)
    place = "#ways input[type=file]"
    tab.eval_on_selector(place, "input => { input.value = ''; }")  # as the click does that opens the dialog
    tab.set_input_files(place, path)


def example(tab, name):
    at_rest(tab)
    tab.get_by_role("button", name=re.compile(f"{name}$")).click()


def press(tab, name):
    """A button, by the whole of its name."""
    at_rest(tab)
    tab.get_by_role("button", name=name, exact=True).click()


def choose(tab, place, option):
    at_rest(tab)
    tab.locator(f"{place} input").click()
    tab.get_by_role("option", name=option).click()


def open_tab(tab, name):
    at_rest(tab)
    tab.get_by_role("tab", name=name).click()
    tab.get_by_role("tab", name=name, selected=True).wait_for()


def set_temperature(tab, temperature):
    number = tab.locator("#temperature input[type=number]")
    at_rest(tab)
    number.fill(str(temperature))
    number.press("Enter")
    tab.locator("#effect", has_text=f"T = {temperature:g}" if temperature != 1 else "Move the slider").wait_for()


def shown(tab, prediction):
    tab.locator("#answer h2", has_text=prediction.label).wait_for()
    tab.locator("#bars th", has_text=prediction.label).first.wait_for()


def rows(tab, place="#bars"):
    """The cells of each row, as they are written."""
    return [
        tuple(re.split(r"\s*\n?\t\n?\s*", row.inner_text().strip()))
        for row in tab.locator(f"{place} tbody tr").all()
    ]


def expected(prediction, temperature=1.0):
    """(label, probability, logit) of each row, or with both probabilities at another temperature than 1."""
    probs = softmax(prediction.logits, temperature)
    return [
        (
            score.label,
            percent(probs[score.index]),
            *([percent(score.prob)] if temperature != 1 else []),
            f"{score.logit:.2f}".replace("-", "\u2212"),
        )
        for score in prediction.top
    ]
