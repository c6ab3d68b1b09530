"""Images by URL: http and https only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eyeful.sources.base import Search, SourceKind
from eyeful.types import Item

if TYPE_CHECKING:
    from eyeful.sources.fetch import Download


def is_url(text: str | Path) -> bool:
    """Whether a text is a web address rather than a path."""
    return isinstance(text, str) and text.lower().startswith(("http://", "https://"))


def item_of_address(address: str) -> Item:
    """The item of a URL: fetched when it is opened, in a decode worker."""
    return Item(address, _Remote(address))


def _items(text: str | Path, _: Search, __: Counter[str]) -> Iterator[Item]:
    yield item_of_address(str(text))


@dataclass(frozen=True, slots=True)
class _Remote:
    """The content of a URL. The HTTP client is imported when the first one comes."""

    address: str

    def open(self) -> Download:
        """A download whose headers have come.

        Raises:
            ImageError: there is none.
        """
        from eyeful.sources.fetch import Download

        download = Download(self.address)
        try:
            download.open()
        except BaseException:
            download.close()
            raise
        return download

    def __call__(self) -> bytes:
        from eyeful.sources.fetch import fetch

        return fetch(self.address)


SOURCE = SourceKind(is_url, _items, priority=70, single=True)
