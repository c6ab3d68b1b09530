"""A page that is a file, in a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def offline_tab(browser: Any, url: str) -> Iterator[Any]:
    """The page in a tab; at its end, it has asked nobody for anything, and no script has failed."""
    page = browser.new_page()
    page.set_default_timeout(10_000)
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append((message.type, message.text)))
    page.on("pageerror", lambda error: said.append(("error", str(error))))
    page.goto(url)
    yield page
    page.close()
    assert {found.partition("#")[0] for found in asked if not found.startswith("data:")} == {url}
    said = [
        one for one in said if one[0] in {"error", "warning"}
    ]  # the rest is what a slow browser says of itself
    assert not said, said
