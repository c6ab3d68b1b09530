"""What a visitor does on the page, and what is to be read there."""

import re

import pytest

from eyeful.results import softmax
from eyeful.wording import percent

QUIET = [  # by Gradio, through pandas
    pytest.mark.filterwarnings("ignore:.future.no_silent_downcasting. is deprecated"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
]
TABS = ("Classify", "Look inside", "Compare", "Folder")


def upload(tab, path):
    place = "#ways input[type=file]"
    tab.eval_on_selector(place, "input => { input.value = ''; }")  # as the click does that opens the dialog
    tab.set_input_files(place, path)


def example(tab, name):
    tab.get_by_role("button", name=re.compile(f"{name}$")).click()


def choose(tab, place, option):
    tab.locator(f"{place} input").click()
    tab.get_by_role("option", name=option).click()


def open_tab(tab, name):
    tab.get_by_role("tab", name=name).click()
    tab.get_by_role("tab", name=name, selected=True).wait_for()


def set_temperature(tab, temperature):
    number = tab.locator("#temperature input[type=number]")
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
