"""The live camera: a made-up one in the browser, frames against the server."""

import threading

import httpx
import pytest
from visitor import QUIET, example, open_tab, upload

from eyeful.types import Item

pytestmark = QUIET


HOLD = """() => {
    window.streams = [];
    const permission = new Promise(done => { window.permit = done; });
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async wanted => {
        await permission;
        streams.push(await ask(wanted));
        return streams.at(-1);
    };
}"""
"""The browser asks for permission, until permit() is called; streams are those that it then gave."""

HIDE = """() => {
    Object.defineProperty(document, "hidden", { get: () => true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def running(tab):
    """How many of the browser's streams have the camera on."""
    return tab.evaluate("streams.filter(stream => stream.active).length")


def test_a_second_click_while_the_browser_asks_leaves_one_stream(tab):
    tab.evaluate(HOLD)
    tab.locator("#live").dblclick()
    tab.evaluate("permit()")
    tab.locator("#browser-answer h2").wait_for()
    tab.wait_for_function("streams.length === 2")
    assert running(tab) == 1
    open_tab(tab, "Look inside")
    assert running(tab) == 0


def leave_page(tab, huge):
    tab.evaluate(HIDE)


def leave_tab(tab, huge):
    open_tab(tab, "Folder")


def choose_file(tab, huge):
    upload(tab, huge)
    tab.locator("#browser-answer [role=alert]", has_text="too large").wait_for()


@pytest.mark.parametrize("leave", [leave_page, leave_tab, choose_file])
def test_permission_that_comes_too_late_starts_no_camera(tab, leave, tmp_path):
    huge = tmp_path / "huge.png"
    with huge.open("wb") as file:
        file.truncate(40 << 20)
    tab.evaluate(HOLD)
    tab.locator("#live").click()
    leave(tab, huge)
    tab.evaluate("permit()")
    tab.wait_for_function("streams.length === 1 && !streams[0].active")
    assert tab.locator("#live").get_attribute("aria-pressed") != "true"


def test_a_camera_that_cannot_be_shown_is_off(tab):
    tab.evaluate(HOLD)
    tab.evaluate("() => { HTMLMediaElement.prototype.play = () => Promise.reject(new Error('no decoder')); }")
    tab.locator("#live").click()
    tab.evaluate("permit()")
    tab.locator("#browser-answer [role=alert]", has_text="choose a photo instead").wait_for()
    assert running(tab) == 0


def test_the_last_frame_becomes_the_image(tab):
    tab.locator("#live").click()
    tab.locator("#browser-answer h2").wait_for()
    assert tab.locator("#live").inner_text() == "Use this frame"
    tab.locator("#live").click()
    tab.locator("#elsewhere pre", has_text="camera.jpg").first.wait_for(state="attached")
    assert tab.locator("#live").inner_text() == "Live camera"
    assert tab.locator("#answer h2").is_visible()


def test_without_a_camera_the_page_says_what_to_do(tab):
    tab.evaluate("() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('denied')); }")
    tab.locator("#live").click()
    tab.locator("#browser-answer [role=alert]", has_text="choose a photo instead").wait_for()
    example(tab, "rocket")
    tab.locator("#answer h2").wait_for()  # and is gone with the next image


@pytest.fixture
def post(site, samples):
    with httpx.Client(base_url=f"{site.url}/page", timeout=20) as client:

        def send(content=None, kind="image/jpeg", model="lite0"):
            frame = content or samples["rocket"].read_bytes()
            return client.post("/live", params={"model": model}, content=frame, headers={"content-type": kind})

        yield send


def test_a_frame_has_the_answer_of_python(post, lite0, second, samples):
    for name, model in {"lite0": lite0, "mine": second}.items():
        answer = post(model=name).json()
        prediction = model.predict(Item("camera.jpg", samples["rocket"].read_bytes()).content)
        assert f"<h2>{prediction.label} " in answer["headline"]
        assert answer["bars"].count("<tr>") == 6


def test_what_is_no_frame(post):
    assert 'role="alert"' in post(b"no image at all, only text").json()["headline"]
    assert post(b"x" * (3 << 20)).status_code == 413
    assert post(kind="text/plain").status_code == 415  # another site's page can send this one


def test_one_frame_at_a_time(post, lite0, monkeypatch):
    begun, going_on = threading.Event(), threading.Event()
    really = lite0.predictor.forward

    def slow(batch_NHWC):
        begun.set()
        assert going_on.wait(20)
        return really(batch_NHWC)

    monkeypatch.setattr(lite0.predictor, "forward", slow)
    first = []
    thread = threading.Thread(target=lambda: first.append(post()))
    thread.start()
    assert begun.wait(20)
    assert post().status_code == 503
    going_on.set()
    thread.join(20)
    assert first[0].status_code == 200
    assert post().status_code == 200
