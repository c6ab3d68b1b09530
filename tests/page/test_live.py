"""The live camera: a made-up one in the browser, frames against the server."""

import threading
from itertools import pairwise

import httpx
import pytest
from visitor import QUIET, open_tab

from eyeful.types import Item

pytestmark = QUIET


@pytest.fixture
def frames(tab):
    """The frames that the page sends: when each was sent and answered, in milliseconds."""
    found = []
    tab.on("requestfinished", lambda request: found.append(request.timing) if "/live?" in request.url else None)
    return found


def test_frames_are_answered_one_after_another_until_the_tab_is_left(tab, frames):
    tab.locator("#live").click()
    tab.locator("#browser-answer h2").wait_for()
    assert tab.locator("#browser-bars tbody tr").count() == 5
    assert not tab.locator("#answer").is_visible()
    while len(frames) < 4:
        tab.wait_for_timeout(50)
    times = [(timing["startTime"], timing["startTime"] + timing["responseEnd"]) for timing in frames]
    assert all(begun >= ended for (_, ended), (begun, _) in pairwise(times))  # no frame waits for another
    assert times[-1][0] - times[0][0] >= 250 * (len(times) - 1) - 150  # at most four a second
    open_tab(tab, "Look inside")
    assert tab.evaluate("document.getElementById('camera').srcObject") is None
    assert not tab.locator("#browser-answer").is_visible()
    sent = len(frames)
    tab.wait_for_timeout(700)
    assert len(frames) <= sent + 1  # what was on its way


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
    tab.get_by_role("button", name="rocket").click()
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
