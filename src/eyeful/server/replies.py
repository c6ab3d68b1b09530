"""Replies, and errors as replies that a client can read even while it is still sending."""

import asyncio
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_DRAIN_BYTES = 32 << 20
_DRAIN_SECONDS = 2.0


class JSONReply(Response):
    """Compact JSON; what is not finite is refused rather than written as NaN."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body."""
        return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


class ErrorReply(JSONReply):
    """`{"error": ...}`. Where the request's body was not read to its end, answer first, then drain, then close.

    A server that closes while a client is sending resets the connection, and most clients then lose the answer.
    So the answer is sent whole, what still comes is thrown away for a while, and then the connection ends.
    """

    def __init__(self, status: int, error: str, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__({"error": error, **more}, status, headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        if scope.get("eyeful.body_read", True):
            await super().__call__(scope, receive, send)
            return
        headers = [*self.raw_headers, (b"connection", b"close")]
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        if scope.get("eyeful.body_begun") or not _waits_for_100(scope):
            await _drain(receive)
        await send({"type": "http.response.body", "body": b""})


def readiness(ready: bool, welcome: dict[str, Any]) -> JSONReply:
    """`welcome` of a server that is ready, else 503."""
    return JSONReply(welcome) if ready else ErrorReply(503, "not ready", {"Retry-After": "1"})


def failure() -> ErrorReply:
    """500, of which a client learns no more than that it is not to blame."""
    return ErrorReply(500, "an error of the server's; its log says more")


def plain_status(status: int) -> str:
    """A status in words, for errors that say nothing better."""
    return HTTPStatus(status).phrase.lower()


def _waits_for_100(scope: Scope) -> bool:
    return any(name == b"expect" for name, _ in scope["headers"])


async def _drain(receive: Receive) -> None:
    left = _DRAIN_BYTES
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body"):
                    return
    except TimeoutError:
        return
