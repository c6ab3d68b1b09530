"""What every request to the page passes: only its routes, and a browser that may ask no other host."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.responses import PlainTextResponse

from eyeful.page.streams import ClosingStreams

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NEEDED = re.compile(
    r"/(|live|config|theme\.css|favicon\.ico|robots\.txt|(assets|static)/.+"
    r"|gradio_api/(upload|upload_progress|startup-events|queue/(join|data)|heartbeat/\w+|cancel|reset|file=(?!\w+:).+))"
)
"""Gradio has more: a proxy, a fetcher of URLs, an editor of its own source, an API. They are not here."""

_JOIN = "/gradio_api/queue/join"
"""By which every event comes: the values of its inputs, as JSON."""

_DATA = "/gradio_api/queue/data"
"""By which the answers to a session's events go."""

_MOST_JSON = 1 << 20

_IMMUTABLE = re.compile(r"/(assets|static/fonts)/.+")
"""Files whose name changes with their content."""

_POLICY = (
    # Gradio's page has scripts in it and compiles templates
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; "
    "worker-src 'self' blob:; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)

_ADVERTISED = re.compile(rb'<meta\s+(property="og:|name="twitter:)[^>]*>|<link rel="manifest"[^>]*>')
TITLE = "eyeful — what is in this image?"
_DESCRIPTION = "Names what is in images, with a pretrained CNN. Nothing leaves the machine that it runs on."
_ICON = (
    "<link rel='icon' href='data:image/svg+xml,"
    "<svg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 32 32%22>"
    "<path d=%22M1 16Q16 -2 31 16Q16 34 1 16z%22 fill=%22%232a6f97%22/>"
    "<circle cx=%2216%22 cy=%2216%22 r=%227%22 fill=%22white%22/>"
    "<circle cx=%2216%22 cy=%2216%22 r=%223.5%22 fill=%22%2312171c%22/></svg>'>"
)


class PageMiddleware:
    """Lets through what the page needs.

    Args:
        app: Gradio's application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._streams = ClosingStreams()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", "")) or "/"
        if not _NEEDED.fullmatch(path):
            await PlainTextResponse("not here", 404)(scope, receive, send)
            return
        if path == "/":
            await self._front(scope, receive, send)
            return
        if path == _JOIN:
            body = await _read(receive)
            event = _event(body)
            if event is None or _names_an_address(event):
                await PlainTextResponse("the page takes files, not addresses", 400)(scope, receive, send)
                return
            receive = _again(body, receive)
            send = self._streams.joining(str(event.get("session_hash")), send)
        elif path == _DATA:
            session = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[0]
            receive, send = self._streams.watched(session, receive, send)

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-content-type-options", b"nosniff")]
                if _IMMUTABLE.fullmatch(path) and message["status"] == 200:
                    immutable = b"public, max-age=31536000, immutable"
                    message["headers"] = [*_without(message, b"cache-control"), (b"cache-control", immutable)]
            await send(message)

        await self._app(scope, receive, answered)

    async def _front(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The page itself, without Gradio's advertisement and with a title before any script has run."""
        scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]}
        start: Message = {}
        body = b""

        async def gathered(message: Message) -> None:
            nonlocal body
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            page = _titled(body) if start["status"] == 200 and scope["method"] == "GET" else body
            start["headers"] = [
                *_without(start, b"content-length"),
                (b"content-length", str(len(page)).encode()),
                (b"content-security-policy", _POLICY.encode()),
                (b"referrer-policy", b"no-referrer"),
                (b"x-content-type-options", b"nosniff"),
            ]
            await send(start)
            await send({"type": "http.response.body", "body": page})

        await self._app(scope, receive, gathered)


def _titled(page: bytes) -> bytes:
    head = f'<head><title>{TITLE}</title><meta name="description" content="{_DESCRIPTION}">{_ICON}'
    return _ADVERTISED.sub(b"", page).replace(b"<head>", head.encode(), 1)


def _without(message: Message, name: bytes) -> list[tuple[bytes, bytes]]:
    return [pair for pair in message["headers"] if pair[0].lower() != name]


async def _read(receive: Receive) -> bytes:
    """A request's body; empty if it is too long or its sender has gone."""
    body = b""
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        body += part
        if message["type"] == "http.disconnect" or len(body) > _MOST_JSON:
            return b""
        if not message.get("more_body"):
            return body


def _again(body: bytes, receive: Receive) -> Receive:
    """What gives a body that was read already, then what comes after it."""
    rest: list[Message] = [{"type": "http.request", "body": body}]

    async def replayed() -> Message:
        return rest.pop() if rest else await receive()

    return replayed


def _event(body: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(body)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _names_an_address(event: Any) -> bool:
    """Whether a file in an event has an address for a path: Gradio would make this machine fetch it."""
    waiting = [event]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "://" in str(value.get("path", "")):
                return True
            value = list(value.values())
        if isinstance(value, list):
            waiting += value
    return False
