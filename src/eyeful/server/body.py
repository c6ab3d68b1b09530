"""A request's body as it arrives, within its limits: raw bytes, a form with files, or either of them gzipped."""

import asyncio
import zlib
from collections.abc import AsyncGenerator, Iterator

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.types import Scope

from eyeful.server.errors import BadRequestError, TooLargeError
from eyeful.server.settings import ServerSettings
from eyeful.types import Item

_BODILESS = ("GET", "HEAD", "OPTIONS", "DELETE")
_PIECE = 1 << 16
_CRUMB = 1 << 12


def has_body(scope: Scope) -> bool:
    """Whether a request is one whose body is read."""
    return scope["method"] not in _BODILESS and any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


def declared_length(scope: Scope) -> int:
    """The bytes that a body is said to have; 0 if its end is told by its last chunk."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


async def body_pieces(request: Request, settings: ServerSettings) -> AsyncGenerator[bytes]:
    """A body piece by piece, unpacked if it is gzipped; none is held here.

    Raises:
        TooLargeError: it is beyond the limit, packed or unpacked; nothing more of it was read.
        OverloadedError: the bodies of all requests are too large together; nothing more of it was read.
        BadRequestError: an encoding that is not understood, or broken.
    """
    limit = settings.max_body
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", "gzip"):
        raise BadRequestError(f"the content encoding {encoding[:40]!r} is not understood; send it plain, or gzip")
    reservation = getattr(request.state, "reservation", None)
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    arrived = size = 0
    async for chunk in request.stream():
        arrived += len(chunk)
        for piece in (chunk,) if encoding == "identity" else _unpacked(unpacker, chunk):
            size += len(piece)
            if max(arrived, size) > limit:
                raise TooLargeError.of_body(limit)
            if reservation is not None:
                reservation.cover(size)
            yield piece
            if encoding == "gzip":
                await asyncio.sleep(0)  # a small chunk may be a large body
        if arrived > limit:  # and unpacks to nothing
            raise TooLargeError.of_body(limit)
    if encoding == "gzip" and not unpacker.eof:
        raise BadRequestError("the gzipped body is cut off")


def _unpacked(unpacker: "zlib._Decompress", chunk: bytes) -> Iterator[bytes]:
    """What one chunk unpacks to, in pieces of bounded size."""
    while not unpacker.eof:
        try:
            piece = unpacker.decompress(chunk, _PIECE)
        except zlib.error as error:
            raise BadRequestError("the body is not gzip, whatever its content encoding says") from error
        chunk = unpacker.unconsumed_tail
        if piece:
            yield piece
        elif not chunk:
            return


async def read_body(request: Request, settings: ServerSettings) -> bytes:
    """The whole body, in one copy.

    It is gathered in pieces: a buffer that grows leaves its earlier selves in a fragmented heap, and with many
    uploads at once these are half the memory.

    Raises:
        TooLargeError, OverloadedError, BadRequestError: as for `body_pieces`.
    """
    pieces: list[bytes | bytearray] = []
    crumbs = bytearray()  # of a client that sends a few bytes at a time
    async for piece in body_pieces(request, settings):
        if crumbs or len(piece) < _CRUMB:
            crumbs += piece
        else:
            pieces.append(piece)
        if len(crumbs) >= _PIECE:
            pieces.append(crumbs)
            crumbs = bytearray()
    return b"".join((*pieces, crumbs))


async def read_images(request: Request, settings: ServerSettings) -> list[Item]:
    """The images of a body that is not JSON: its files if it is a form, else the body itself.

    Raises:
        TooLargeError, OverloadedError, BadRequestError: as for `body_pieces`; or too many files, or none.
    """
    if not is_form(request):
        return [Item("body", await read_body(request, settings))]
    parser = MultiPartParser(
        request.headers,
        body_pieces(request, settings),
        max_files=settings.max_files,
        max_part_size=settings.max_body,
    )
    parser.spool_max_size = settings.max_body + 1  # no part becomes a file on disk
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many files"):
            settings.allow(settings.max_files + 1)
        raise BadRequestError(f"the form cannot be read: {error.message}") from error
    except (ValueError, LookupError) as error:  # of names in a charset that Python cannot decode them with
        raise BadRequestError("the form cannot be read") from error
    files = [(name, value) for name, value in form.multi_items() if isinstance(value, UploadFile)]
    texts = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    for name, _ in texts:
        if name != "data":
            raise BadRequestError(
                f"unknown form field {name[:40]!r}; a form holds files, parameters are in the query: ?topk=3"
            )
    items = [_item(name, file) for name, file in files]
    items += [Item(name, value.encode("utf-8", "surrogateescape")) for name, value in texts]
    if not items:
        raise BadRequestError("the form holds no file: curl -F data=@image.jpg")
    return items


def _item(name: str, file: UploadFile) -> Item:
    """One file, by the name that the client gave; a charset may give it half a surrogate pair."""
    with file.file:  # one after the other, so that only one is there twice
        return Item((file.filename or name).encode("utf-8", "backslashreplace").decode(), file.file.read())


def is_form(request: Request) -> bool:
    """Whether the body is a form with files."""
    return is_type(request, "multipart/form-data")


def is_type(request: Request, wanted: str) -> bool:
    """Whether the body says to be of a media type."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == wanted
