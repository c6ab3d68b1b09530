"""Downloading one image: the only HTTP client that fetches images, for the command line and the server alike.

It is the standard library's, so a core install needs nothing more, the system's certificates and proxies count,
and as the sockets are ours, each is connected to an address that was looked up once and checked.
"""

import os
import socket
import ssl
import string
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache, partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, TypeVar
from urllib.parse import quote, unquote, urljoin, urlsplit
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request, UnknownHandler

from eyeful.errors import ImageError, one_line
from eyeful.sources.deadline import Deadline

TIMEOUT = 20.0
"""Seconds for a whole download, redirects included."""
MAX_BYTES = 64 << 20
REDIRECTS = 5
_REDIRECTED = (301, 302, 303, 307, 308)

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """What one download may cost, and where it may lead.

    Attributes:
        timeout: seconds for the whole: names, connections, redirects, headers and body.
        max_bytes: the largest body that is read.
        allowed: whether an IP address may be connected to, asked for every address of every host, redirects
            included; the environment's proxies are then not used. None: anywhere.
    """

    timeout: float = TIMEOUT
    max_bytes: int = MAX_BYTES
    allowed: Callable[[str], bool] | None = None


_ANYWHERE = FetchPolicy()


def fetch(address: str, policy: FetchPolicy = _ANYWHERE) -> bytes:
    """Download one image.

    Args:
        address: an http or https URL; redirects to the same protocols are followed.
        policy: its limits.

    Raises:
        ImageError: `fetch_failed`, `timeout` or `too_large`.
    """
    with closing(Download(address, policy)) as download:
        download.open()
        return download.read()


class Download:
    """One download in two steps, so that memory can be reserved between them.

    Args:
        address: an http or https URL.
        policy: its limits.
    """

    def __init__(self, address: str, policy: FetchPolicy = _ANYWHERE) -> None:
        self._address = address
        self._policy = policy
        self._deadline = Deadline(policy.timeout)
        self._handles: list[socket.socket] = []
        self._reply: HTTPResponse | None = None
        self._length: int | None = None
        self._aborted = False

    @property
    def size(self) -> int:
        """The most bytes that `read` gives."""
        return self._policy.max_bytes if self._length is None else self._length

    def open(self) -> None:
        """Connect, follow redirects, and read the headers.

        Raises:
            ImageError: `fetch_failed`, `timeout` or `too_large`.
        """
        reply = self._reply = self._in_time(self._follow)
        if reply.status != 200:
            raise ImageError("fetch_failed", f"the server answered {reply.status} {reply.reason}".rstrip())
        if reply.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise ImageError("fetch_failed", "the server answered in an encoding that was not asked for")
        self._length = reply.length  # None where the server does not tell
        if self.size > self._policy.max_bytes:
            raise self._too_large()

    def read(self) -> bytes:
        """The body; after `open`.

        Raises:
            ImageError: `fetch_failed`, `timeout` or `too_large`.
        """
        assert self._reply is not None  # noqa: S101 - it was opened
        body = self._in_time(self._reply.read, self.size if self._length is not None else self.size + 1)
        if len(body) > self._policy.max_bytes:
            raise self._too_large()
        if self._length is not None and len(body) < self._length:
            raise ImageError("fetch_failed", f"the download ended after {len(body)} of {self._length} bytes")
        return body

    def abort(self) -> None:
        """End it at whatever step, from any thread."""
        self._aborted = True
        handles, self._handles = self._handles, []
        for handle in handles:
            with suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)  # wakes up the thread that reads from it
            handle.close()

    def close(self) -> None:
        """Let go of the connection; in the thread that opened and read."""
        self.abort()
        if self._reply is not None:
            self._reply.close()

    def _in_time(self, step: Callable[..., R], *args: Any) -> R:
        try:
            return self._deadline.call(step, *args)
        except TimeoutError as error:
            raise self._late() from error
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, TimeoutError):
                raise self._late() from error
            raise ImageError("fetch_failed", f"not downloaded: {one_line(reason)}") from error

    def _late(self) -> ImageError:
        self.abort()
        return ImageError("timeout", f"not downloaded within {self._policy.timeout:g} seconds")

    def _too_large(self) -> ImageError:
        return ImageError("too_large", f"the download is larger than {self._policy.max_bytes >> 20} MB")

    def _follow(self) -> HTTPResponse:
        address = self._address
        for _ in range(REDIRECTS + 1):
            reply = self._get(address)
            location = reply.headers.get("Location")
            if reply.status not in _REDIRECTED or location is None:
                return reply
            reply.close()
            address = urljoin(address, location)
        raise ImageError("fetch_failed", f"not downloaded: more than {REDIRECTS} redirects")

    def _get(self, address: str) -> HTTPResponse:
        parts = urlsplit(address)
        if parts.scheme.lower() not in ("http", "https"):
            raise ImageError("fetch_failed", "not downloaded: only http and https are spoken")
        user, _, host = parts.netloc.rpartition("@")
        plain = parts._replace(netloc=host, fragment="").geturl()
        headers = {"User-Agent": "eyeful", "Accept-Encoding": "identity"}
        if user:
            headers["Authorization"] = f"Basic {b64encode(unquote(user).encode()).decode()}"
        request = Request(quote(plain, safe=string.punctuation), headers=headers)  # noqa: S310 - checked above
        reply: HTTPResponse = self._opener().open(request, timeout=self._policy.timeout)
        return reply

    def _opener(self) -> OpenerDirector:
        """Speaks http and https and nothing else; redirects come back as replies."""
        opener = OpenerDirector()
        guarded = self._policy.allowed is not None
        for handler in (
            ProxyHandler({} if guarded else None),
            _Handler(self._dial),
            _SecureHandler(self._dial),
            UnknownHandler(),
        ):
            opener.add_handler(handler)
        return opener

    def _dial(self, host: str, port: int) -> socket.socket:
        """A connection to a host, by an address that was looked up once and checked."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise ImageError("fetch_failed", "not downloaded: the host is unknown") from error
        allowed = self._policy.allowed
        if allowed is not None and not all(allowed(str(sockaddr[0])) for *_, sockaddr in found):
            raise ImageError("fetch_failed", "not downloaded: the host is not on the public internet")
        failed: OSError | None = None
        for family, kind, protocol, _, sockaddr in found:
            dialled = socket.socket(family, kind, protocol)
            dialled.settimeout(self._policy.timeout)
            # a second handle, because TLS takes the first one's descriptor away
            self._handles.append(socket.socket(fileno=os.dup(dialled.fileno())))
            try:
                if self._aborted:
                    raise TimeoutError
                dialled.connect(sockaddr)
            except OSError as error:
                dialled.close()
                failed = error
            else:
                return dialled
        raise failed or OSError("the host has no address")


Dial = Callable[[str, int], socket.socket]


class _Connection(HTTPConnection):
    """Connects through `dial` and in no other way."""

    dial: Dial

    def connect(self) -> None:
        """As the base class, but for who dials."""
        self.sock = self.dial(self.host, self.port)
        if self._tunnel_host:  # type: ignore[attr-defined] # a proxy, for https
            self._tunnel()  # type: ignore[attr-defined]


class _SecureConnection(HTTPSConnection, _Connection):
    """The same under TLS: `HTTPSConnection.connect` wraps what the next class connects."""


class _Handler(HTTPHandler):
    def __init__(self, dial: Dial) -> None:
        super().__init__()
        self._dial = dial

    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(partial(_connection, _Connection, self._dial), req)


class _SecureHandler(HTTPSHandler):
    def __init__(self, dial: Dial) -> None:
        super().__init__(context=_trust())
        self._dial = dial

    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(partial(_connection, _SecureConnection, self._dial, context=_trust()), req)


def _connection(kind: type[_Connection], dial: Dial, host: str, **options: Any) -> HTTPConnection:
    connection = kind(host, **options)
    connection.dial = dial
    return connection


@cache
def _trust() -> ssl.SSLContext:
    """The system's certificates, or those of SSL_CERT_FILE; read once."""
    return ssl.create_default_context()
