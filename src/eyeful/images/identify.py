"""A file → an image whose header is read, of allowed formats only. The only caller of `PIL.Image.open`."""

import ctypes
import errno
import logging
import os
import stat
import warnings as python_warnings
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO

from PIL import Image, UnidentifiedImageError, _imaging

from eyeful.errors import ImageError, MissingExtraError, one_line
from eyeful.extras import require
from eyeful.images.variant import CAMERA_RAW, UNSUPPORTED, check_variant, undecoded, unopened, unsupported
from eyeful.signature import OPENED, RAW_FORMAT, name_of_signature, why_not_an_image

HELD_WHOLE = ("WEBP", "AVIF", "HEIF")
"""Formats whose codecs read the whole file into memory, wherever it is."""

# What Pillow says beside its exceptions is noise on standard error: a row says it.
python_warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())
# Images between Pillow's limit and twice that only warn; our own limit decides, so the warning is noise.
python_warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def open_file(path: Path) -> IO[bytes]:
    """Open a regular file for reading; FIFOs, sockets and devices are refused without being read.

    Raises:
        ImageError: `not_found`, `not_regular`, `empty` or `unreadable`.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ImageError("not_regular", "not a regular file")
        if status.st_size == 0:
            raise ImageError("empty", "the file is empty")
        return os.fdopen(
            os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb"
        )
    except FileNotFoundError as error:
        raise ImageError("not_found", "no such file") from error
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOTDIR:
            raise ImageError("not_found", "no such file") from error
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ImageError("unreadable", f"cannot be read: {reason}") from error


def is_held_whole(file: IO[bytes]) -> bool:
    """Whether the codec of this file will read all of it into memory."""
    return name_of_signature(_head(file)) in HELD_WHOLE


def identify(file: IO[bytes]) -> Image.Image:
    """Read the header.

    Raises:
        ImageError: `unidentified`, `unsupported_format`, `truncated` or `too_large`.
    """
    try:
        image = _open(file)
        check_variant(file, image.format)
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise _unidentified(file) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError("too_large", "more pixels than can be decoded safely") from error
    except MemoryError as error:
        raise ImageError("too_large", "its header asks for more memory than there is") from error
    except Exception as error:
        if "too large" in str(error):  # a text or colour profile chunk that unpacks beyond Pillow's limit
            raise ImageError("too_large", f"its metadata is a bomb: {one_line(error)}") from error
        raise unopened(file, name_of_signature(_head(file)) or "") or _broken(
            "its header is broken", error
        ) from error
    return image


def undecodable(file: IO[bytes] | None, error: Exception) -> ImageError:
    """Why an image's pixels could not be decoded: bytes are missing or damaged, or the variant is not known.

    Args:
        file: what it was decoded from, if that is open.
        error: what decoding raised.
    """
    variant = None if file is None or file.closed else undecoded(file)
    return variant or _broken("its pixels cannot be decoded", error)


def _broken(what: str, error: Exception) -> ImageError:
    if UNSUPPORTED.search(str(error)):
        return unsupported(f"a variant of its format ({one_line(error)})")
    return ImageError("truncated", f"{what}: {one_line(error)}")


def _open(file: IO[bytes]) -> Image.Image:
    _silence_libtiff()
    try:
        return Image.open(file, formats=_registered_formats())
    except UnidentifiedImageError:
        if name_of_signature(_head(file)) != "HEIF":
            raise
        _register_heif()
        return Image.open(file, formats=_registered_formats())


def _head(file: IO[bytes]) -> bytes:
    """The first bytes."""
    file.seek(0)
    head = file.read(64)
    file.seek(0)
    return head


@cache
def _silence_libtiff() -> None:
    """Keep LibTIFF, where it is a library of its own, from printing on standard error what it finds wrong."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)


@cache
def _register_heif() -> None:
    """Teach Pillow HEIC and HEIF, once, when the first such file comes.

    Raises:
        ImageError: the extra is not installed; the row says how to install it.
    """
    try:
        require("pillow_heif", "a HEIC or HEIF file").register_heif_opener()
    except MissingExtraError as error:
        raise ImageError("unsupported_format", str(error)) from error


def _registered_formats() -> list[str]:
    """The allowed formats that this Pillow was built with."""
    Image.init()
    return [name for name in OPENED if name in Image.OPEN]


def _unidentified(file: IO[bytes]) -> ImageError:
    """Tell a broken image of a known format, a format or variant we do not open, and something else apart."""
    head = _head(file)
    name = name_of_signature(head)
    if name in OPENED:
        broken = ImageError("truncated", f"it begins like {name}, but its header is incomplete or broken")
        return unopened(file, name) or broken
    if name == RAW_FORMAT:
        return ImageError("unsupported_format", CAMERA_RAW)
    if name is not None:
        return ImageError("unsupported_format", f"{name} files are not opened: save it as a JPEG or PNG")
    return ImageError("unidentified", f"not an image of a known format{why_not_an_image(head)}")
