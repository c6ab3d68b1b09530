"""The page in a browser, against the same classifiers in Python."""

import base64
import re

import numpy as np
import pytest

from eyeful.results import softmax

pytestmark = [  # by Gradio, through pandas
    pytest.mark.filterwarnings("ignore:.future.no_silent_downcasting. is deprecated"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
]


def upload(tab, path):
    tab.set_input_files("#image input[type=file]", path)


def example(tab, name):
    tab.get_by_role("button", name=re.compile(f"{name}$")).click()


def bars(tab, place="#answer"):
    """(label, probability, logit) of each row, as they are written."""
    return [
        tuple(re.split(r"\s*\n?\t\n?\s*", row.inner_text().strip()))
        for row in tab.locator(f"{place} tbody tr").all()
    ]


def expected(prediction, temperature=1.0):
    probs = softmax(prediction.logits, temperature)
    return [
        (score.label, f"{probs[score.index]:.3f}", f"{score.logit:.2f}".replace("-", "\u2212"))
        for score in prediction.top
    ]


def shown(tab, prediction):
    tab.locator("#answer caption", has_text="best 5").wait_for()
    tab.locator("#answer th", has_text=prediction.label).first.wait_for()


def choose(tab, place, option):
    tab.locator(f"{place} input").click()
    tab.get_by_role("option", name=option).click()


def test_five_bars_are_what_python_says(tab, lite0, cat):
    prediction = lite0.predict(cat)
    upload(tab, cat)
    shown(tab, prediction)
    assert bars(tab) == expected(prediction)
    assert "224 \u00d7 224" in tab.inner_text("#seen")
    assert re.search(r"network [\d.]+ ms", tab.inner_text("#seen"))
    assert tab.locator("#answer h2").inner_text().startswith(prediction.label)


def test_temperature_changes_shares_but_neither_order_nor_logits(tab, lite0, cat, monkeypatch):
    prediction = lite0.predict(cat)
    upload(tab, cat)
    shown(tab, prediction)
    monkeypatch.setattr(lite0.predictor, "forward", None)  # the network cannot run again
    for temperature in (3, 0.5):
        number = tab.locator("#temperature input[type=number]")
        number.fill(str(temperature))
        number.press("Enter")
        tab.locator("#effect", has_text=f"At temperature {temperature}").wait_for()
        assert bars(tab) == expected(prediction, temperature)
    assert "The order is the same" in tab.inner_text("#effect")


def test_another_model(tab, second, cat):
    upload(tab, cat)
    tab.locator("#answer caption", has_text="by lite0").wait_for()
    choose(tab, "#model", "mine")
    tab.locator("#answer caption", has_text="by mine").wait_for()
    assert bars(tab) == expected(second.predict(cat))


@pytest.mark.parametrize("name", ["turned", "deep", "new", "scan", "phone"])
def test_the_original_bytes_reach_the_opener(tab, lite0, odd, name, monkeypatch):
    """Gradio would turn, convert and save them again, each of which moves the answer."""
    import eyeful.predictor.preprocess as opener

    if name not in odd:
        pytest.skip("pillow-heif is not installed")
    prediction = lite0.predict(odd[name])
    opened = []
    really = opener.open_item

    def watched(item, *args, **kwargs):
        opened.append((item.filename, item.content.read_bytes()))
        return really(item, *args, **kwargs)

    example(tab, "coffee")  # Gradio makes its components anew with each event
    tab.locator("#answer th", has_text="espresso").first.wait_for()
    monkeypatch.setattr(opener, "open_item", watched)
    upload(tab, odd[name])
    shown(tab, prediction)
    assert opened == [(odd[name].name, odd[name].read_bytes())]
    assert bars(tab) == expected(prediction)
    assert tab.locator("#seen li").count() == len(prediction.warnings)
    displayed = tab.get_by_alt_text("The image that you chose")
    displayed.wait_for()
    tab.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=displayed.element_handle())


def test_a_broken_file_gives_a_sentence(tab, odd, cat, lite0):
    upload(tab, odd["broken"])
    tab.locator("#answer .note", has_text="broken.png cannot be classified").wait_for()
    assert tab.locator("#answer").inner_text().count("\n") == 0
    upload(tab, cat)  # and nothing else is broken
    shown(tab, lite0.predict(cat))


def test_an_example_by_keyboard(tab, lite0, cat):
    button = tab.get_by_role("button", name=re.compile("cat$"))
    button.focus()
    tab.keyboard.press("Enter")
    shown(tab, lite0.predict(cat))
    assert bars(tab) == expected(lite0.predict(cat))


HAND_OVER = """([event, field, encoded]) => {
    const carried = new DataTransfer();
    const bytes = Uint8Array.from(atob(encoded), char => char.charCodeAt(0));
    carried.items.add(new File([bytes], "cat.png", {type: "image/png"}));
    const init = {bubbles: true, cancelable: true, [field]: carried};
    document.body.dispatchEvent(event == "drop" ? new DragEvent(event, init) : new ClipboardEvent(event, init));
}"""


@pytest.mark.parametrize(("event", "field"), [("paste", "clipboardData"), ("drop", "dataTransfer")])
def test_paste_and_drop_anywhere(tab, lite0, cat, event, field):
    example(tab, "coffee")
    tab.locator("#answer th", has_text="espresso").first.wait_for()
    tab.evaluate(HAND_OVER, [event, field, base64.b64encode(cat.read_bytes()).decode()])
    shown(tab, lite0.predict(cat))
    assert bars(tab) == expected(lite0.predict(cat))


def test_an_image_from_the_camera(tab):
    tab.get_by_role("button", name="Capture from camera").click()
    tab.get_by_role("button", name="Click to Access Webcam").click()
    tab.locator("#image video").wait_for()
    tab.locator("#image video").evaluate(
        "video => new Promise(go => video.videoWidth ? go() : video.onplaying = go)"
    )
    tab.get_by_role("button", name=re.compile("capture", re.IGNORECASE)).first.click()
    tab.locator("#answer caption", has_text="best 5").wait_for()


def test_an_image_that_is_taken_away_takes_its_answer_along(tab, lite0, cat):
    upload(tab, cat)
    shown(tab, lite0.predict(cat))
    tab.get_by_role("button", name="Remove Image").click()
    tab.get_by_text("The answer appears here").wait_for()
    assert not tab.inner_text("#seen")


def test_compare(tab, lite0, second, cat):
    tab.get_by_role("tab", name="Compare").click()
    tab.get_by_role("button", name="Compare").click()
    tab.locator("#comparison", has_text="Choose an image").wait_for()
    upload(tab, cat)
    shown_in = tab.locator("#comparison section")
    tab.locator("#answer th").first.wait_for(state="attached")
    tab.get_by_role("button", name="Compare").click()
    shown_in.nth(1).wait_for()
    for place, (name, model) in enumerate({"lite0": lite0, "mine": second}.items()):
        assert shown_in.nth(place).get_attribute("aria-label") == name
        rows = bars(tab, f"#comparison section:nth-of-type({place + 1})")
        assert [re.split(r"\s+(?=[\d.]+$)", label)[0] for label, *_ in rows] == [
            score.label for score in model.predict(cat).top
        ]
        assert [row[1:] for row in rows] == [row[1:] for row in expected(model.predict(cat))]
    agree = lite0.predict(cat).label == second.predict(cat).label
    assert (
        tab.locator("#comparison .agreement").inner_text().startswith("All 2" if agree else "The models disagree")
    )


def test_folder_gives_the_report_of_predict(tab, lite0, odd, cat, tmp_path):
    from eyeful.runs import run
    from eyeful.sinks.report import ReportSink
    from eyeful.sources import open_source
    from eyeful.types import Item

    files = [cat, odd["turned"], odd["broken"]]
    tab.get_by_role("tab", name="Folder").click()
    tab.set_input_files("#files input[type=file]", files)
    tab.locator("#rows .agreement", has_text="3 inputs = 2 predicted + 1 error (truncated 1)").wait_for()
    assert [row.split("\t")[0] for row in tab.locator("#rows tbody tr").all_inner_texts()] == [
        f.name for f in files
    ]
    with tab.expect_download() as download:
        tab.get_by_role("link", name="Download the report").or_(tab.locator("#report")).first.click()
    assert download.value.suggested_filename == "eyeful-report.html"
    here = tmp_path / "here.html"
    items = [Item(path.name, path) for path in files]
    run(lite0, open_source(items), [ReportSink(here, lite0.provenance)])
    assert download.value.path().read_text(encoding="utf-8") == here.read_text(encoding="utf-8")


def test_look_inside(tab, lite0, cat):
    pytest.importorskip("captum")
    found = lite0.explain(cat)
    upload(tab, cat)
    shown(tab, lite0.predict(cat))
    tab.get_by_role("tab", name="Look inside").click()
    tab.locator("#step h3", has_text="the pixels").wait_for()
    depth = tab.locator("#depth input[type=range]")
    assert int(depth.get_attribute("max")) == len(found.stages) + 3
    for stage in found.stages:
        depth.press("ArrowRight")
        tab.locator("#step h3", has_text=f"after {stage.layer}").wait_for()
        assert f"{len(stage.maps_CHW)} feature maps" in tab.inner_text("#step")
    depth.press("End")
    tab.locator("#step caption", has_text="best 5").wait_for()
    assert [row[0] for row in bars(tab, "#step")] == [score.label for score in found.top[:5]]
    assert [label.inner_text() for label in tab.locator("#target label").all()] == [s.label for s in found.top[:5]]
    for score in (found.top[0], found.top[4]):
        tab.locator("#target label", has_text=score.label).click()
        tab.locator("#looked figcaption", has_text=f"speaks for {score.label}").wait_for()


def test_a_reader_of_screens_finds_its_way(tab, cat, lite0):
    upload(tab, cat)
    shown(tab, lite0.predict(cat))
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
    for name in ("Classify", "Look inside", "Compare", "Folder"):
        assert tab.get_by_role("tab", name=name).count() == 1


FAINT = """() => {
    const parse = colour => (colour.match(/[\\d.]+/g) ?? []).map(Number);
    const light = rgb => rgb.slice(0, 3).map(c => c / 255)
        .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = e => { for (; e; e = e.parentElement) {
        const rgb = parse(getComputedStyle(e).backgroundColor);
        if (rgb.length && rgb[3] !== 0) return rgb;
    } return [255, 255, 255]; };
    return [...document.querySelectorAll("body *")].filter(e => e.checkVisibility({visibilityProperty: true}))
        .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && e.offsetWidth > 1)
        .map(e => {
            const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
            return [Math.round(100 * (a + 0.05) / (b + 0.05)) / 100, e.innerText.slice(0, 40)];
        }).filter(([ratio]) => ratio < 4.5);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out(tab, cat, lite0, scheme):
    """WCAG's contrast of 4.5, everywhere."""
    tab.emulate_media(color_scheme=scheme)
    tab.reload()
    tab.get_by_text("The answer appears here").wait_for()
    upload(tab, cat)
    shown(tab, lite0.predict(cat))
    for name in ("Classify", "Look inside", "Compare", "Folder"):
        tab.get_by_role("tab", name=name).click()
        tab.get_by_role("tab", name=name, selected=True).wait_for()
        assert tab.evaluate(FAINT) == []


@pytest.mark.parametrize("width", [390, 1280])
def test_no_width_needs_scrolling_sideways(tab, cat, lite0, width, tmp_path):
    tab.set_viewport_size({"width": width, "height": 844})
    upload(tab, cat)
    shown(tab, lite0.predict(cat))
    for name in ("Folder", "Compare", "Look inside", "Classify"):
        tab.get_by_role("tab", name=name).click()
        tab.screenshot(path=tmp_path / f"{name}-{width}.png", full_page=True)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
