"""Safe opening: an item → one upright RGB image, or an ImageError with its kind.

This is the only caller of `PIL.Image.open`. Limits are checked before memory is spent, formats are an allowlist,
and the one broad `except` of eyeful lies here, because Pillow's codecs raise at least eight exception types.
"""

import errno
import io
import os
import stat
import warnings as python_warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, UnidentifiedImageError

from eyeful.errors import ImageError, MissingExtraError, one_line
from eyeful.extras import require
from eyeful.images.budget import MEMORY_BUDGET, MemoryBudget
from eyeful.images.colour import to_rgb
from eyeful.images.transform import resized_size
from eyeful.preprocessing import Preprocessing
from eyeful.signature import OPENED, name_of_signature, why_not_a_image
from eyeful.types import Item, Size

DEFAULT_MAX_PIXELS = 89_478_485
"""Pixels of one image; Pillow's own limit, at which it merely warns."""

MAX_ASPECT = 100
"""Longer side over shorter side: a 142-byte 65000x1 image would ask for 4.3 gigapixels after resizing."""

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {  # EXIF orientation → what makes the image upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_TURNED = {_UPRIGHT[orientation] for orientation in (5, 6, 7, 8)}
"""Those that swap width and height."""

# Images between Pillow's limit and twice that only warn; our own limit decides, so the warning is noise.
python_warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one image may cost."""

    max_pixels: int = DEFAULT_MAX_PIXELS
    max_aspect: float = MAX_ASPECT


@dataclass(frozen=True, slots=True)
class Opened:
    """One opened image: upright, RGB; and what was done to make it so."""

    image: Image.Image
    warnings: tuple[str, ...]
    full_size: Size
    """Upright (height, width) in the file; larger than `image` where a JPEG was decoded at a reduced scale."""


@contextmanager
def open_item(
    item: Item, limits: Limits, budget: MemoryBudget = MEMORY_BUDGET, reduce_for: Preprocessing | None = None
) -> Iterator[Opened]:
    """Open an item's image; its share of the memory budget is held for the duration of the block.

    Args:
        item: what to open.
        limits: what it may cost.
        budget: shared by all workers.
        reduce_for: decode a JPEG at the smallest scale that leaves at least twice the resize target of this
            preprocessing; None decodes every pixel.

    Raises:
        ImageError: the image cannot be had; `kind` says why.
    """
    with ExitStack() as stack:
        image = _undecoded(item, stack)
        size = image.size
        if reduce_for is not None and image is not item.content:  # a caller's own image is left as it is
            _reduce(image, reduce_for)
        _check_size(image.size, limits)
        stack.enter_context(budget.hold(_decoded_bytes(image)))
        yield _decode(image, size)


def _undecoded(item: Item, stack: ExitStack) -> Image.Image:
    """The item's image with its header read, its pixels not yet."""
    content = item.content
    if isinstance(content, Image.Image):
        return content
    if isinstance(content, np.ndarray):
        return Image.fromarray(content)
    if isinstance(content, Path):
        return _identify(stack.enter_context(_open_file(content)))
    encoded = content if isinstance(content, bytes) else content()
    if not encoded:
        raise ImageError("empty", "there are no bytes")
    return _identify(io.BytesIO(encoded))


def encoded_bytes(item: Item) -> bytes:
    """An item's image as it is encoded, to be opened elsewhere; pixels become a PNG.

    Raises:
        ImageError: it cannot be had; `kind` says why.
    """
    content = item.content
    if isinstance(content, Path):
        try:
            with _open_file(content) as file:
                return file.read()
        except OSError as error:
            raise ImageError("unreadable", f"cannot be read: {error.strerror}") from error
    if isinstance(content, Image.Image | np.ndarray):
        buffer = io.BytesIO()
        image = Image.fromarray(content) if isinstance(content, np.ndarray) else content
        image.save(buffer, "PNG")
        return buffer.getvalue()
    return content if isinstance(content, bytes) else content()


def _open_file(path: Path) -> IO[bytes]:
    """Open a regular file for reading; FIFOs, sockets and devices are refused without being read."""
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


def _identify(file: IO[bytes]) -> Image.Image:
    """Read the header, of allowed formats only."""
    try:
        return _open(file)
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
        raise ImageError("truncated", f"its header is broken: {one_line(error)}") from error


def _open(file: IO[bytes]) -> Image.Image:
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
    """Tell a broken image of a known format, a format we do not open, and something else apart."""
    head = _head(file)
    name = name_of_signature(head)
    if name in OPENED:
        return ImageError("truncated", f"it begins like {name}, but its header is incomplete or broken")
    if name is not None:
        return ImageError("unsupported_format", f"{name} files are not opened{why_not_a_image(head)}")
    return ImageError("unidentified", f"not an image of a known format{why_not_a_image(head)}")


def _check_size(size: tuple[int, int], limits: Limits) -> None:
    """Refuse what would cost too much, before memory is spent."""
    width, height = size
    if width < 1 or height < 1:
        raise ImageError("truncated", f"its header claims {width}x{height} pixels")
    if width * height > limits.max_pixels:
        raise ImageError(
            "too_large",
            f"{width}x{height} is {width * height / 1e6:.0f} megapixels; "
            f"the limit is {limits.max_pixels / 1e6:.0f} (--max-pixels)",
        )
    if max(width, height) > limits.max_aspect * min(width, height):
        raise ImageError("aspect", f"{width}x{height} is narrower than 1:{limits.max_aspect:g}")


def _decoded_bytes(image: Image.Image) -> int:
    """What decoding, making upright and converting may hold at once (Pillow keeps RGB in 4 bytes a pixel)."""
    return image.width * image.height * (4 if image.mode == "RGB" else 8)


def _reduce(image: Image.Image, preprocessing: Preprocessing) -> None:
    """Let libjpeg decode at 1/2, 1/4 or 1/8 where twice the resize target remains; no other format can.

    The target is that of the image as stored and as turned upright, whichever is larger.
    """
    if image.format not in ("JPEG", "MPO") or min(image.size) < 1:
        return
    height, width = resized_size((image.height, image.width), preprocessing)
    turned_width, turned_height = resized_size((image.width, image.height), preprocessing)
    image.draft(None, (2 * max(width, turned_width), 2 * max(height, turned_height)))


def _decode(image: Image.Image, size: tuple[int, int]) -> Opened:
    """Pixels, upright, in RGB."""
    found: list[str] = []
    try:
        if getattr(image, "is_animated", False) and image.format != "MPO":  # MPO: a camera's second view
            found.append("first_frame_of_n")
        deep = any(";16" in str(tile) for tile in getattr(image, "tile", ()))
        image.load()
        upright = _UPRIGHT.get(_orientation(image))
        rgb, colour_warnings = to_rgb(image)
        if deep and "sixteen_bit_scaled" not in colour_warnings:
            colour_warnings.append("sixteen_bit_scaled")
        if upright is not None:
            rgb = rgb.transpose(upright)
            found.append("exif_rotated")
    except (MemoryError, Image.DecompressionBombError) as error:
        raise ImageError("too_large", f"decoding needs more memory than there is: {one_line(error)}") from error
    except Exception as error:
        raise ImageError("truncated", f"its pixels cannot be decoded: {one_line(error)}") from error
    full_size = size if upright in _TURNED else (size[1], size[0])
    return Opened(rgb, (*found, *colour_warnings), full_size)


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; 1 where it is missing, broken or undefined: metadata must not lose an image."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # noqa: BLE001 - the EXIF reader raises what it likes
        return 1
    return value if isinstance(value, int) else 1
