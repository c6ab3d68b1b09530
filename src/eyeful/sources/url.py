"""Images by URL: http and https only."""

from functools import partial

from eyeful.types import Item


def is_url(text: str) -> bool:
    """Whether a text is a web address rather than a path."""
    return text.lower().startswith(("http://", "https://"))


def item(address: str) -> Item:
    """The item of a URL: fetched when it is opened, in a decode worker."""
    return Item(address, partial(_fetch, address))


def _fetch(address: str) -> bytes:
    from eyeful.sources.download import fetch  # urllib's import is a fifth of a warm start's

    return fetch(address)
