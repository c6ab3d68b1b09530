"""Images by URL, fetched by the server: from public addresses only, whatever names and redirects say."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

from eyeful.errors import ImageError, one_line
from eyeful.types import Item

_TIMEOUT = 10.0
"""Seconds for a whole download."""
_REDIRECTS = 5
_LIMITS = httpx.Limits(max_connections=16, max_keepalive_connections=0)
"""No connection is reused: two hosts at one address are still two hosts."""
_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""The IPv6 addresses that are neither local nor another way to write an IPv4 address."""
_NOT_PUBLIC = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # protocol assignments, and Oracle's metadata
            "192.88.99.0/24",  # the relay of 6to4
            "168.63.129.16/32",  # what every machine of Azure trusts
            "2001::/23",  # protocol assignments: Teredo, ORCHID
            "2001:db8::/32",  # documentation, as the last line
            "2002::/16",  # 6to4
            "3fff::/20",
        ),
    )
)
"""IANA's special-purpose addresses that some version of Python's `is_global` lets pass, and one of Azure's."""


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet and to nothing else.

    Not public: private, loopback, link-local, carrier-grade NAT, reserved, multicast and unspecified addresses,
    and IPv6 addresses that stand for an IPv4 address (mapped, 6to4, Teredo, NAT64).
    """
    ip: IPv4Address | IPv6Address = ip_address(address)
    if isinstance(ip, IPv6Address) and ip not in _GLOBAL_UNICAST:
        return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _NOT_PUBLIC)


class GuardedTransport(httpx.AsyncHTTPTransport):
    """Looks a host up once, checks every address that it has, and connects to one of just these.

    httpx sends each request of a chain of redirects through here, so each is checked; and as the connection is
    made to a checked address, a name that changes its mind between the check and the dial gains nothing.

    Args:
        allowed: whether an address may be connected to.
    """

    def __init__(self, allowed: Callable[[str], bool] = is_public) -> None:
        super().__init__(trust_env=False, limits=_LIMITS)
        self._allowed = allowed

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request, to a checked address.

        Raises:
            ImageError: `fetch_failed`: the host is unknown, or one of its addresses is not public.
        """
        host = request.url.host
        error: httpx.ConnectError | None = None
        for address in await self._addresses(host):
            dialled = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,  # they name the host as the client wrote it
                extensions=request.extensions | {"sni_hostname": host},
            )
            try:
                return await super().handle_async_request(dialled)
            except httpx.ConnectError as failure:
                error = failure
        raise error or httpx.ConnectError("no address")

    async def _addresses(self, host: str) -> list[str]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise ImageError("fetch_failed", "not downloaded: the host is unknown") from error
        addresses = [str(sockaddr[0]) for *_, sockaddr in found]
        if not all(self._allowed(address) for address in addresses):
            raise ImageError("fetch_failed", "not downloaded: the host is not on the public internet")
        return addresses


class Fetcher:
    """Downloads images within limits of size and time.

    Args:
        max_bytes: the largest download.
        timeout: seconds for a whole download, redirects included.
        allowed: whether an address may be connected to.
    """

    def __init__(
        self, max_bytes: int, timeout: float = _TIMEOUT, allowed: Callable[[str], bool] = is_public
    ) -> None:
        self._max_bytes = max_bytes
        self._timeout = timeout
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(allowed),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # one client tells nothing to the next
            trust_env=False,
            timeout=None,  # noqa: S113 - one limit for the whole, below
            follow_redirects=True,
            max_redirects=_REDIRECTS,
            headers={"User-Agent": "eyeful", "Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def fetch(self, address: str) -> bytes:
        """Download one image.

        Raises:
            ImageError: `fetch_failed`, `timeout` or `too_large`.
        """
        try:
            async with asyncio.timeout(self._timeout):
                return await self._download(address)
        except TimeoutError as error:
            raise ImageError("timeout", f"not downloaded within {self._timeout:g} seconds") from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise ImageError("fetch_failed", f"not downloaded: {one_line(error)}") from error

    async def _download(self, address: str) -> bytes:
        async with self._client.stream("GET", address) as reply:
            if reply.status_code != httpx.codes.OK:
                raise ImageError("fetch_failed", f"the server answered {reply.status_code}")
            if reply.headers.get("content-encoding", "identity") != "identity":
                raise ImageError("fetch_failed", "the server answered in an encoding that was not asked for")
            body = bytearray()
            async for chunk in reply.aiter_raw():
                body += chunk
                if len(body) > self._max_bytes:
                    raise ImageError("too_large", f"the download is larger than {self._max_bytes >> 20} MB")
            return bytes(body)


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
