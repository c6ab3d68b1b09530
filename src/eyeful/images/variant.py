"""Variants of known formats that no codec here decodes, or decodes to something else: their names."""

import io
import re
from collections.abc import Callable
from functools import cache
from typing import IO

from PIL import Image

from eyeful.errors import ImageError, one_line
from eyeful.images.jpeg import read_coding
from eyeful.images.jpeg2000 import read_jpeg2000
from eyeful.images.tiff import read_tiff

UNSUPPORTED = re.compile(
    r"unsupported|not (yet )?supported|cannot handle|unknown (pixel mode|data organization|raw mode)|"
    r"samples per pixel|decoder \S+ not available|not implemented",
    re.IGNORECASE,
)
"""What Pillow says of a variant that it does not know, rather than of missing or damaged bytes."""

CAMERA_RAW = "a camera's raw file is not opened: develop it, or extract the JPEG that it holds"
_ARITHMETIC = (0xC9, 0xCA)


def unsupported(name: str) -> ImageError:
    """The error for a variant that is not decoded."""
    return ImageError("unsupported_format", f"{name}, which is not decoded: save it as an 8-bit JPEG or PNG")


def check_variant(file: IO[bytes], name: str | None) -> None:
    """Refuse what Pillow opens, but answers with the thumbnail of, or with other values than the file's.

    Args:
        file: its header was read.
        name: what Pillow calls it.

    Raises:
        ImageError: `unsupported_format`.
    """
    if name == "TIFF":
        tiff = read_tiff(file)
        if tiff is not None and tiff.is_raw:
            raise ImageError("unsupported_format", CAMERA_RAW)
        if tiff is not None and tiff.misread is not None:
            raise unsupported(tiff.misread)
    elif name == "JPEG2000":
        jpeg2000 = read_jpeg2000(file)
        if jpeg2000 is not None and jpeg2000.unsupported is not None:
            raise unsupported(jpeg2000.unsupported)


def unopened(file: IO[bytes], name: str) -> ImageError | None:
    """Why a file of a known format has a header that Pillow refuses; None where that is broken or cut."""
    if name == "JPEG":
        return _jpeg(file)
    if name == "TIFF":
        tiff = read_tiff(file)
        if tiff is not None and tiff.is_raw:
            return ImageError("unsupported_format", CAMERA_RAW)
        return unsupported(tiff.name) if tiff is not None and tiff.is_whole else None
    if name == "JPEG2000":
        jpeg2000 = read_jpeg2000(file)
        if jpeg2000 is not None and jpeg2000.unsupported is not None:
            return unsupported(jpeg2000.unsupported)
    reason = _reason(file, name)
    return unsupported(f"a {name} of a variant ({reason})") if UNSUPPORTED.search(reason) else None


def undecoded(file: IO[bytes]) -> ImageError | None:
    """Why a file opens, but its pixels do not; None where they are damaged or cut."""
    tiff = read_tiff(file)
    if tiff is not None:
        return None if tiff.undecoded is None else unsupported(tiff.undecoded)
    return _jpeg(file)


def _jpeg(file: IO[bytes]) -> ImageError | None:
    coding = read_coding(file)
    if coding is None:
        return None
    if coding.marker in _ARITHMETIC and not _decodes_arithmetic():
        return unsupported("a JPEG with arithmetic coding")
    return None if coding.unsupported is None else unsupported(coding.unsupported)


def _reason(file: IO[bytes], name: str) -> str:
    """What a plug-in has against a file; `Image.open` keeps that to itself."""
    if name not in Image.OPEN:
        return ""
    file.seek(0)
    plugin: Callable[[IO[bytes], str], object] = Image.OPEN[name][0]
    try:
        plugin(file, "")
    except Exception as error:  # noqa: BLE001 - plug-ins raise what they like
        return one_line(error)
    return ""


@cache
def _decodes_arithmetic() -> bool:
    """Whether this libjpeg was built with arithmetic coding: tried on 8x8 gray pixels."""
    table = b"\xff\xdb\0\x43\0" + b"\1" * 64
    frame = b"\xff\xc9\0\x0b\x08\0\x08\0\x08\1\1\x11\0"
    scan = b"\xff\xda\0\x08\1\1\0\0\x3f\0" + bytes(16) + b"\xff\xd9"
    try:
        Image.OPEN["JPEG"][0](io.BytesIO(b"\xff\xd8" + table + frame + scan), "").load()
    except OSError:
        return False
    return True
