"""Images by URL, fetched by the server: from public addresses only, whatever names and redirects say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from eyeful.errors import ImageError
from eyeful.sources.addresses import is_public
from eyeful.sources.deadline import in_thread
from eyeful.sources.fetch import Download, FetchPolicy
from eyeful.types import Item

_TIMEOUT = 10.0
"""Seconds for a whole download."""
_AT_ONCE = 16


class Fetcher:
    """Downloads images without blocking the event loop, each within limits of size and time.

    Args:
        max_bytes: the largest download.
        timeout: seconds for a whole download: for its turn, redirects and body.
        allowed: whether an address may be connected to.
    """

    def __init__(
        self, max_bytes: int, timeout: float = _TIMEOUT, allowed: Callable[[str], bool] = is_public
    ) -> None:
        self._policy = FetchPolicy(timeout, max_bytes, allowed)
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._under_way: set[Download] = set()

    async def close(self) -> None:
        """End what is under way."""
        for download in self._under_way:
            download.abort()

    async def fetch(self, address: str) -> bytes:
        """Download one image.

        Raises:
            ImageError: `fetch_failed`, `timeout` or `too_large`.
        """
        download = Download(address, self._policy)
        try:
            async with asyncio.timeout(self._policy.timeout), self._turns:
                self._under_way.add(download)
                return await asyncio.wrap_future(in_thread(_whole, download))
        except TimeoutError as error:
            raise ImageError("timeout", f"not downloaded within {self._policy.timeout:g} seconds") from error
        finally:
            self._under_way.discard(download)
            download.abort()  # a client that has gone takes its download with it


def _whole(download: Download) -> bytes:
    with closing(download):
        download.open()
        return download.read()


@dataclass(frozen=True, slots=True)
class RemoteImage:
    """An image that a request only names, and who may fetch it."""

    filename: str
    fetcher: Fetcher

    async def item(self) -> Item:
        """The item, with its content.

        Raises:
            ImageError: it could not be fetched.
        """
        return Item(self.filename, await self.fetcher.fetch(self.filename))


Asked = Item | RemoteImage
"""An image as a request gives it."""
