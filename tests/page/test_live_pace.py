"""How often the live camera sends a frame, by a clock that the test moves."""

import pytest
from visitor import QUIET, open_tab

pytestmark = QUIET


@pytest.fixture
def browser(browser):
    """Not the one that all share: its tabs have one clock."""
    context = browser.browser.new_context(permissions=["camera"])
    yield context
    context.close()


@pytest.mark.slow
def test_frames_are_answered_one_after_another_until_the_tab_is_left(tab):
    events = []
    for event in ("request", "requestfinished"):
        tab.on(event, lambda request, event=event: events.append(event) if "/live?" in request.url else None)
    tab.clock.install()
    tab.clock.pause_at(tab.evaluate("Date.now()") + 1000)
    tab.locator("#live").click()
    tab.locator("#browser-answer h2").wait_for()
    assert tab.locator("#browser-bars tbody tr").count() == 5
    assert not tab.locator("#answer").is_visible()
    for number in (1, 2, 3):
        tab.clock.run_for(249)
        assert events == ["request", "requestfinished"] * number  # at most four a second
        with tab.expect_event("requestfinished", lambda request: "/live?" in request.url):
            tab.clock.run_for(1)
    open_tab(tab, "Look inside")
    assert tab.evaluate("document.getElementById('camera').srcObject") is None
    assert not tab.locator("#browser-answer").is_visible()
    tab.clock.run_for(10_000)
    assert events == ["request", "requestfinished"] * 4
