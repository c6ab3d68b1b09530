"""Whoever chooses again before the answer is there: the last choice is the one that is answered, and none is lost."""

import json
import threading
import time

import httpx
import pytest
from visitor import QUIET, open_tab, shown, upload

pytestmark = QUIET


@pytest.fixture
def slowly(lite0, monkeypatch):
    """How often the network ran, of which each run takes half a second."""
    forward, runs = lite0.predictor.forward, []

    def slow(batch_NHWC):
        runs.append(1)
        time.sleep(0.5)
        return forward(batch_NHWC)

    monkeypatch.setattr(lite0.predictor, "forward", slow)
    return runs


def until(true):
    for _ in range(500):  # of 10 ms
        if true():
            return
        time.sleep(0.01)
    raise AssertionError


@pytest.mark.slow
def test_the_answer_to_an_image_that_was_removed_never_comes(tab, slowly, odd):
    upload(tab, odd["turned"])
    until(lambda: slowly)
    tab.get_by_role("button", name="Remove Image", exact=True).click()
    tab.locator("#answer .note").wait_for()
    tab.wait_for_timeout(1000)
    assert tab.locator("#answer .note").is_visible()
    assert not tab.locator("#image img").count()


def test_the_answer_stays_with_its_image(tab, slowly, odd, lite0, samples):
    upload(tab, odd["turned"])
    until(lambda: slowly)
    for name in ("rocket", "motorcycle", "coffee"):
        tab.locator(".example", has_text=name).click()
    shown(tab, lite0.predict(samples["coffee"]))
    tab.wait_for_timeout(1000)
    shown(tab, lite0.predict(samples["coffee"]))
    assert "coffee" in tab.locator("#image img").get_attribute("src")
    assert "coffee" in tab.locator("#elsewhere pre").first.text_content()


@pytest.mark.slow
def test_a_comparison_of_the_image_before_never_comes(tab, slowly):
    open_tab(tab, "Compare")
    tab.get_by_role("button", name="Compare", exact=True).click()
    until(lambda: slowly)
    tab.locator(".example", has_text="coffee").click()
    tab.locator("#comparison", has_text="Press Compare").wait_for()
    tab.wait_for_timeout(1500)
    assert not tab.locator("#comparison table").count()


@pytest.mark.slow
def test_an_event_that_joins_while_a_stream_closes_waits_for_its_end(site):
    """So a browser that has the reply has hung up, and opens a new stream."""
    at = f"{site.url}/page/gradio_api/queue"
    with httpx.Client(timeout=20) as client:
        config = client.get(f"{site.url}/page/config").json()
        number = next(one["id"] for one in config["dependencies"] if one["targets"][0][1] == "clear")
        event = {"data": [], "fn_index": number, "session_hash": "abc", "trigger_id": None, "event_data": None}
        replies = []

        def join():
            replies.append(httpx.post(f"{at}/join", json=event, timeout=20).json()["event_id"])

        join()
        with client.stream("GET", f"{at}/data", params={"session_hash": "abc"}) as stream:
            lines = stream.iter_lines()  # held, since a generator that goes hangs up
            while "close_stream" not in next(lines):
                pass
            joining = threading.Thread(target=join)
            joining.start()
            joining.join(0.5)
            assert len(replies) == 1
        joining.join(20)
        with client.stream("GET", f"{at}/data", params={"session_hash": "abc"}) as stream:
            messages = [json.loads(line.removeprefix("data: ")) for line in stream.iter_lines() if line]
    assert replies[1] in [one["event_id"] for one in messages if one["msg"] == "process_completed"]
