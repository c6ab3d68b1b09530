"""What is in a body that was read: JSON, and images in base64 in it. `InferenceService.parse` runs it."""

import base64
import binascii
from typing import Any

import orjson  # holds Python's lock as `json` does, but a third as long for numbers
from starlette.requests import Request

from eyeful.server.body import is_type
from eyeful.server.errors import BadRequestError
from eyeful.server.urls import Asked, Fetcher, RemoteImage
from eyeful.sources.url import is_url
from eyeful.types import Item

_PIECE = 1 << 18
"""Characters that are decoded at a time, so that the event loop has its turn between two of them."""


def is_json(request: Request, body: bytes) -> bool:
    """Whether a body is to be read as JSON; so is the one of `curl -d` when its user gave no type."""
    return is_type(request, "application/json") or (
        is_type(request, "application/x-www-form-urlencoded") and body.startswith((b"{", b"["))
    )


def json_of(body: bytes | memoryview) -> Any:
    """A JSON body.

    Raises:
        BadRequestError: it is not JSON.
    """
    try:
        return orjson.loads(body)
    except ValueError as error:
        raise BadRequestError("the body is not JSON") from error


def image_in(text: Any, where: str, fetcher: Fetcher | None) -> Asked:
    """The image of a JSON text: base64, or a URL where the server fetches.

    Raises:
        BadRequestError: it is neither, or URLs are off.
    """
    if not (isinstance(text, str) and is_url(text)):
        return Item(where, decoded(text, where))
    if fetcher is None:
        raise BadRequestError(f"{where} is a URL; this server fetches none: `eyeful serve --allow-urls` does")
    return RemoteImage(text, fetcher)


def decoded(text: Any, where: str) -> bytes:
    """The bytes of a base64 text, with or without line breaks; a data: URI's too.

    Raises:
        BadRequestError: it is not base64.
    """
    if not isinstance(text, str):
        raise BadRequestError(f"{where} is not a text in base64")
    start = text.index(",") + 1 if text.startswith("data:") and "," in text[:200] else 0
    found: list[bytes] = []
    rest, ended = "", False
    try:
        for place in range(start, len(text), _PIECE):
            piece = rest + text[place : place + _PIECE].replace("\n", "").replace("\r", "")
            if ended and piece:
                raise BadRequestError(f"{where} is not base64")
            whole = len(piece) // 4 * 4
            found.append(base64.b64decode(piece[:whole], validate=True))
            rest = piece[whole:]
            ended = ended or piece[:whole].endswith("=")
        if rest:
            base64.b64decode(rest, validate=True)  # says that something is missing
    except (binascii.Error, ValueError) as error:
        raise BadRequestError(f"{where} is not base64") from error
    return b"".join(found)
