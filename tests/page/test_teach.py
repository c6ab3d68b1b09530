"""The tab *Teach* in a browser: a visitor's own labels, taught, tried and taken away."""

import re
import time
import zipfile

import pytest
from visitor import QUIET, at_rest, open_tab, press, rows, watch

from contrast import FAINT
from eyeful.evaluation.label_names import LabelNames
from eyeful.page.taught import TaughtModels
from eyeful.wording import percent

pytestmark = QUIET


@pytest.fixture(scope="module")
def own(photos, lite0):
    """Photographs of labels that ImageNet does not have."""
    labels = lite0.predictor.manifest.labels
    names = LabelNames(labels)
    files = {labels.wnids.index(path.name[:9]): path for path in sorted((photos / "labelled").iterdir())}
    return {
        group: [files[place] for place in names.positions(group) if place in files]
        for group in ("bird", "dog", "vehicle")
    }


def add(tab, place, label, files):
    at_rest(tab)
    tab.locator(f"#own-{place}").get_by_label("Label").fill(label)
    tab.set_input_files(f"#own-{place} input[type=file]", files)


def try_image(tab, path):
    at_rest(tab)
    tab.eval_on_selector("#after input[type=file]", "input => { input.value = ''; }")
    tab.set_input_files("#after input[type=file]", path)


@pytest.mark.slow
def test_teach_try_and_take_away(tab, own, odd, samples, tmp_path):
    import eyeful

    tab.set_viewport_size({"width": 390, "height": 844})
    open_tab(tab, "Teach")
    add(tab, 0, "dog", [*own["dog"][:6], odd["broken"]])
    tab.locator("#own-0 [role=alert]", has_text="broken.png is incomplete or damaged").wait_for()
    tab.locator("#own-0", has_text="6 images").wait_for()
    assert tab.locator("#own-0 img").count() == 6
    press(tab, "Teach")
    tab.locator("#taught [role=alert]", has_text="To teach takes two labels or more.").wait_for()
    press(tab, "Add a label")
    add(tab, 2, "bird", own["bird"][:6])
    tab.locator("#own-2", has_text="6 images").wait_for()
    at_rest(tab)
    tab.locator("#own-1").get_by_role("button", name="Remove").click()  # the third becomes the second
    tab.locator("#own-1", has_text="6 images").wait_for()
    assert tab.locator("#own-1").get_by_label("Label").input_value() == "bird"
    assert not tab.locator("#own-2").is_visible()
    press(tab, "Teach")
    tab.locator("#taught .agreement", has_text="Taught 2 labels, bird 6, dog 6: 12 images.").wait_for(
        timeout=60_000
    )
    assert re.search(
        r"right in cross-validation: \d+ of 12 images\. Of as many new images, ", tab.inner_text("#taught")
    )
    with tab.expect_download() as download:
        tab.locator("#taught-model").click()
    assert download.value.suggested_filename == "mymodel.zip"
    zipfile.ZipFile(download.value.path()).extractall(tmp_path)
    with tab.expect_download() as download:
        tab.locator("#taught-report").click()
    assert "bird" in download.value.path().read_text(encoding="utf-8")
    with eyeful.load(tmp_path / "mymodel", precision="fp32") as model:
        assert model.labels == ("bird", "dog", "none of these")
        for path in (own["dog"][9], samples["coffee"]):
            expected = model.predict(path)
            try_image(tab, path)
            tab.locator("#tried h2", has_text=expected.answer_parts[0]).wait_for()
            assert rows(tab, "#tried")[0][:2] == (expected.label, percent(expected.prob))
        assert expected.none_of_these
        assert f"(nearest: {expected.top[1].label})" in tab.inner_text("#tried h2")
    for width in (390, 1280):
        tab.set_viewport_size({"width": width, "height": 844})
        for dark in (False, True):
            tab.evaluate("dark => document.body.classList.toggle('dark', dark)", dark)
            tab.evaluate("Promise.all(document.getAnimations().map(animation => animation.finished))")
            assert tab.evaluate(FAINT) == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
    try_image(tab, odd["broken"])
    tab.locator("#tried [role=alert]", has_text="broken.png is incomplete").wait_for()
    press(tab, "Start anew")
    tab.locator("#own-0", has_text="0 images").wait_for()
    assert not tab.locator("#after").is_visible()
    assert tab.locator("#own-0").get_by_label("Label").input_value() == ""


def test_keys_alone_are_enough(tab):
    tab.set_viewport_size({"width": 1280, "height": 844})
    open_tab(tab, "Teach")
    tab.locator("#own-0").get_by_label("Label").focus()
    tab.keyboard.type("dog")
    reached = []
    for _ in range(8):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.ariaLabel || document.activeElement.innerText.trim()"))
    assert [name for name in reached if name] == [
        *("Add images", "Remove", "Add images", "Remove", "Add a label", "Start anew", "Teach")
    ]
    tab.keyboard.press("Enter")
    tab.locator("#taught [role=alert]", has_text="To teach takes two labels").wait_for()


def test_images_go_to_the_label_that_they_are_dropped_on(tab, cat, samples):
    open_tab(tab, "Teach")
    drop = """([place, name, text]) => {
        const files = new DataTransfer();
        files.items.add(new File([Uint8Array.from(atob(text), c => c.charCodeAt(0))], name));
        const event = new DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true});
        document.querySelector(place).dispatchEvent(event);
    }"""
    from base64 import b64encode

    text = b64encode(cat.read_bytes()).decode()
    tab.evaluate(drop, ["#own-1 textarea, #own-1 input[type=text]", "cat.jpg", text])
    tab.locator("#own-1", has_text="1 image;").wait_for()
    assert "0 images" in tab.inner_text("#own-0")


@pytest.mark.slow
def test_two_visitors_do_not_see_each_others_and_who_leaves_is_forgotten(tab, browser, site, own, monkeypatch):
    left = []
    forget = TaughtModels.forget

    def noted(models, session):
        forget(models, session)
        left.append(len(models))

    monkeypatch.setattr(TaughtModels, "forget", noted)
    open_tab(tab, "Teach")
    for place, label in enumerate(("dog", "bird")):
        add(tab, place, label, own[label][:5])
        tab.locator(f"#own-{place}", has_text="5 images").wait_for()
    other = browser.new_page()
    other.set_default_timeout(20_000)
    watch(other)
    other.goto(f"{site.url}/page/")
    other.locator("#bars tbody tr").nth(4).wait_for()
    open_tab(other, "Teach")
    assert other.locator("#own-0").get_by_label("Label").input_value() == ""
    assert "0 images" in other.inner_text("#own-0")
    for place, label in enumerate(("vehicle", "bird")):
        add(other, place, label, own[label][-5:])
        other.locator(f"#own-{place}", has_text="5 images").wait_for()
    for visitor, label in ((tab, "dog"), (other, "vehicle")):
        press(visitor, "Teach")
        visitor.locator("#taught .agreement", has_text=f"{label} 5: 10 images").wait_for(timeout=60_000)
    for visitor, label in ((tab, "dog"), (other, "vehicle")):
        try_image(visitor, own[label][7])
        visitor.locator("#tried h2").wait_for()
        assert {row[0] for row in rows(visitor, "#tried")} == {"bird", label, "none of these"}
    at_rest(other)
    other.close()
    for _ in range(200):
        if 1 in left:
            break
        time.sleep(0.05)
    assert 1 in left, "of two models, one is forgotten"
    try_image(tab, own["dog"][8])  # the other is still there
    at_rest(tab)
    assert tab.locator("#tried h2").count() == 1
