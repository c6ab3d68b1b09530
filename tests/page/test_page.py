"""The page in a browser: the tab *Classify*, against the same classifier in Python."""

import base64
import re

import numpy as np
import pytest
from visitor import QUIET, at_rest, choose, example, expected, press, rows, set_temperature, shown, upload

from eyeful.wording import percent

pytestmark = QUIET


def test_an_example_is_answered_at_the_start(tab, lite0, cat):
    assert rows(tab) == expected(lite0.predict(cat))
    image = tab.get_by_alt_text("The image that you chose")
    tab.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=image.element_handle())


def test_five_bars_are_what_python_says(tab, lite0, odd):
    prediction = lite0.predict(odd["turned"])
    upload(tab, odd["turned"])
    tab.locator("#elsewhere pre", has_text="turned.jpg").first.wait_for(state="attached")
    assert rows(tab) == expected(prediction)
    assert "224 \u00d7 224" in tab.inner_text("#seen")
    assert re.search(r"network [\d.]+ ms", tab.inner_text("#seen"))
    assert tab.locator("#answer h2").inner_text().startswith(prediction.label)


def test_temperature_changes_probabilities_but_neither_order_nor_logits(tab, lite0, cat, monkeypatch):
    prediction = lite0.predict(cat)
    monkeypatch.setattr(lite0.predictor, "forward", None)  # the network cannot run again
    for temperature in (3, 0.5, 1):
        set_temperature(tab, temperature)
        assert rows(tab) == expected(prediction, temperature)
        headline = tab.inner_text("#answer .share")  # equals the column that it names
        assert headline.strip() == percent(prediction.prob) + (" at T = 1" if temperature != 1 else "")
        headers = tab.locator("#bars thead th").all_inner_texts()
        assert headers[1:-1] == ([f"At T = {temperature:g}", "At T = 1"] if temperature != 1 else ["Probability"])


def test_another_model(tab, second, cat):
    choose(tab, "#model", "mine")
    tab.locator("#answer", has_text="by mine").wait_for()
    assert rows(tab) == expected(second.predict(cat))


@pytest.mark.slow
def test_the_original_bytes_reach_the_opener(tab, lite0, odd, monkeypatch):
    """Gradio would turn, convert and save them again, each of which moves the answer."""
    import eyeful.predictor.preprocess as opener

    predictions = {path: lite0.predict(path) for name, path in odd.items() if name != "broken"}
    assert len(predictions) >= 4
    opened = []
    really = opener.open_item

    def watched(item, *args, **kwargs):
        opened.append((item.filename, item.content.read_bytes()))
        return really(item, *args, **kwargs)

    example(tab, "coffee")  # Gradio makes its components anew with each event
    tab.locator("#bars th", has_text="espresso").first.wait_for()
    monkeypatch.setattr(opener, "open_item", watched)
    for path, prediction in predictions.items():
        upload(tab, path)
        tab.locator("#elsewhere pre", has_text=path.name).first.wait_for(state="attached")
        assert opened.pop() == (path.name, path.read_bytes())
        assert not opened
        assert rows(tab) == expected(prediction)
        assert tab.locator("#seen li").count() == len(prediction.warnings)
        displayed = tab.get_by_alt_text("The image that you chose")
        tab.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=displayed.element_handle())


def test_an_example_by_keyboard(tab, lite0, samples):
    button = tab.get_by_role("button", name=re.compile("rocket$"))
    button.focus()
    tab.keyboard.press("Enter")
    prediction = lite0.predict(samples["rocket"])
    shown(tab, prediction)
    assert rows(tab) == expected(prediction)


HAND_OVER = """([event, field, encoded]) => {
    const carried = new DataTransfer();
    const bytes = Uint8Array.from(atob(encoded), char => char.charCodeAt(0));
    carried.items.add(new File([bytes], "cat.png", {type: "image/png"}));
    const init = {bubbles: true, cancelable: true, [field]: carried};
    document.body.dispatchEvent(event == "drop" ? new DragEvent(event, init) : new ClipboardEvent(event, init));
}"""


def test_paste_and_drop_anywhere(tab, lite0, cat):
    for event, field in (("paste", "clipboardData"), ("drop", "dataTransfer")):
        example(tab, "coffee")
        tab.locator("#bars th", has_text="espresso").first.wait_for()
        at_rest(tab)
        tab.evaluate(HAND_OVER, [event, field, base64.b64encode(cat.read_bytes()).decode()])
        shown(tab, lite0.predict(cat))
        assert rows(tab) == expected(lite0.predict(cat))
    assert not tab.get_by_role("button", name="Download").count(), "the one that a script clicks stays hidden"


def test_an_image_that_is_taken_away_takes_its_answer_along(tab):
    press(tab, "Remove Image")
    tab.get_by_text("Choose an image: its answer appears here.").wait_for()
    assert not tab.inner_text("#bars")
    assert not tab.locator("#more").is_visible()


def test_an_answer_can_be_saved_as_an_image(tab, cat):
    from PIL import Image

    with tab.expect_download() as download:
        press(tab, "Save the answer as an image")
    assert download.value.suggested_filename == "cat-answer.png"
    with Image.open(download.value.path()) as card, Image.open(cat) as image:
        assert card.size == (1200, 600)
        left = np.asarray(card.convert("RGB").crop((10, 110, 490, 420)))
        whole = np.asarray(image.convert("RGB"))
        assert np.abs(left.mean((0, 1)) - whole.mean((0, 1))).max() < 20  # the image is on it
