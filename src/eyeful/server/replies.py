"""Replies, and errors as replies."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.responses import Response

from eyeful.server.errors import RequestError


def json_bytes(content: Any) -> bytes:
    """Compact JSON; half a surrogate pair, which a client's own JSON may hold, is the escape that it was there."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def plain_numbers(values: NDArray[np.float32]) -> list[float]:
    """All numbers of an array, flat, to seven digits, as rows have them."""
    return [float(f"{value:.7g}") for value in values.ravel().tolist()]


class JSONReply(Response):
    """Compact JSON; what is not finite is refused rather than written as NaN."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body."""
        return json_bytes(content)


class ErrorReply(JSONReply):
    """`{"error": ...}`."""

    def __init__(self, status: int, error: str, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__({"error": error, **more}, status, headers)


def reply_bytes(reply: Response) -> bytes:
    """A whole reply, for a connection that ends with it."""
    status = f"HTTP/1.1 {reply.status_code} {HTTPStatus(reply.status_code).phrase}".encode()
    lines = [name + b": " + value for name, value in (*reply.raw_headers, (b"connection", b"close"))]
    return b"\r\n".join([status, *lines, b"", bytes(reply.body)])


def rejection(error: RequestError) -> ErrorReply:
    """The reply that a rejected request gets."""
    return ErrorReply(error.status, str(error), error.headers)


def readiness(ready: bool, welcome: dict[str, Any]) -> JSONReply:
    """`welcome` of a server that is ready, else 503."""
    return JSONReply(welcome) if ready else ErrorReply(503, "not ready", {"Retry-After": "1"})


def failure() -> ErrorReply:
    """500, of which a client learns no more than that it is not to blame."""
    return ErrorReply(500, "an error of the server's; its log says more")


def plain_status(status: int) -> str:
    """A status as text, for errors that say nothing better."""
    return HTTPStatus(status).phrase.lower()
