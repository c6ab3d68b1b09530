"""A request's body, within its limits: raw bytes, a form with files, JSON, or any of these gzipped."""

import base64
import binascii
import json
import zlib
from typing import Any

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message, Receive

from eyeful.server.errors import BadRequestError, TooLargeError
from eyeful.server.settings import ServerSettings
from eyeful.server.urls import Asked, Fetcher, RemoteImage
from eyeful.sources.url import is_url
from eyeful.types import Item


async def read_body(request: Request, settings: ServerSettings) -> bytes:
    """The whole body, unpacked if it is gzipped.

    Raises:
        TooLargeError: it is beyond the limit, packed or unpacked; nothing more of it was read.
        BadRequestError: an encoding that is not understood, or broken.
    """
    limit = settings.max_body
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", "gzip"):
        raise BadRequestError(f"the content encoding {encoding[:40]!r} is not understood; send it plain, or gzip")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body) if encoding == "identity" else _unpacked(bytes(body), limit)


def _unpacked(body: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise BadRequestError("the body is not gzip, whatever its content encoding says") from error
    if len(plain) > limit:
        raise _too_large(limit)
    if not unpacker.eof:
        raise BadRequestError("the gzipped body is cut off")
    return plain


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(
        f"the body is larger than {limit >> 20} MB" if limit >> 20 else f"more than {limit} bytes"
    )


async def images_of(request: Request, body: bytes, settings: ServerSettings) -> list[Item]:
    """The images of a body: its files if it is a form, else the body itself.

    Raises:
        TooLargeError, BadRequestError: too many files, or none.
    """
    if not is_type(request, "multipart/form-data"):
        return [Item("body", body)]
    return await _files(request, body, settings)


async def _files(request: Request, body: bytes, settings: ServerSettings) -> list[Item]:
    """The files of a form, in its order, by the names that the client gave."""
    form_request = Request(request.scope, _replayed(body))
    try:
        async with form_request.form(max_files=settings.max_files, max_part_size=settings.max_body) as form:
            items = [
                Item(_printable(value.filename or name), await value.read())
                for name, value in form.multi_items()
                if isinstance(value, UploadFile)
            ]
            items += [
                Item(name, value.encode("utf-8", "surrogateescape"))
                for name, value in form.multi_items()
                if isinstance(value, str) and name == "data"
            ]
    except MultiPartException as error:
        raise BadRequestError(f"the form cannot be read: {error.message}") from error
    except Exception as error:  # starlette turns it into its own HTTP error where an app is in scope
        reason = str(getattr(error, "detail", error))
        if reason.startswith("Too many files"):
            settings.allow(settings.max_files + 1)
        raise BadRequestError(f"the form cannot be read: {reason}") from error
    if not items:
        raise BadRequestError("the form holds no file: curl -F data=@image.jpg")
    return items


def _printable(name: str) -> str:
    """A form may declare a charset in which names come to hold half a surrogate pair."""
    return name.encode("utf-8", "backslashreplace").decode()


def _replayed(body: bytes) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    return receive


def is_type(request: Request, wanted: str) -> bool:
    """Whether the body says to be of a media type."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == wanted


def is_json(request: Request, body: bytes) -> bool:
    """Whether a body is to be read as JSON; so is the one of `curl -d` when its user gave no type."""
    return is_type(request, "application/json") or (
        is_type(request, "application/x-www-form-urlencoded") and body.startswith(b"{")
    )


def json_of(body: bytes) -> Any:
    """A JSON body.

    Raises:
        BadRequestError: it is not JSON.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
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
    """The bytes of a base64 text; a data: URI's too.

    Raises:
        BadRequestError: it is not base64.
    """
    if not isinstance(text, str):
        raise BadRequestError(f"{where} is not a text in base64")
    if text.startswith("data:"):
        text = text.partition(",")[2]
    if "\n" in text:  # as the command base64 wraps it
        text = "".join(text.split())
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequestError(f"{where} is not base64") from error


async def until_gone(request: Request) -> None:
    """Return when the client has closed its connection; after the body was read."""
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            return
