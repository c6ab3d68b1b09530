"""Images that are in memory already: encoded bytes, files, PIL images, arrays and tensors of pixels.

Each is copied when it is taken, so that what its owner does with it afterwards changes no answer.
"""

import inspect
import io
import math
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import numpy as np
from PIL import Image

from eyeful.errors import UsageError, one_line
from eyeful.sources.advice import CHANNELS, why_no_dtype, why_no_shape
from eyeful.sources.base import refused
from eyeful.types import Item

MAX_BYTES = 256 << 20
"""Bytes of one file that is open already."""
_CHUNK = 1 << 20
_ORIENTATION_TAG = 0x0112
_DECODING = threading.Lock()
"""Held while a PIL image is decoded: Pillow lets two threads decode one image at once, and both get half of it."""


def is_in_memory(value: Any) -> bool:
    """Whether a value is an image, or several, rather than a name or a collection of inputs."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind not in "OU"
    encoded = isinstance(value, bytes | bytearray | memoryview) or callable(getattr(value, "read", None))
    return encoded or isinstance(value, Image.Image) or _is_tensor(value)


def names(value: Any) -> Iterable[Any] | None:
    """The entries of an array or a pandas Series of names; None for what is neither."""
    if getattr(getattr(value, "dtype", None), "kind", "") in ("O", "U") and getattr(value, "ndim", 0) == 1:
        entries: list[Any] = value.tolist()
        return entries
    return None


def is_missing(value: Any) -> bool:
    """Whether it is what tables have in place of a name that is not there: None, NaN or pandas' NA."""
    return value is None or (isinstance(value, float) and math.isnan(value)) or type(value).__name__ == "NAType"


def items(value: Any) -> tuple[list[Item], bool]:
    """The items of what `is_in_memory`, copied; and whether it is one image.

    Raises:
        UsageError: another type or shape than those of images; the text says what converts it.
    """
    if isinstance(value, np.ndarray):
        return _array_items(value, "array")
    if _is_tensor(value):
        return _array_items(_array_of(value), "tensor")
    if isinstance(value, Image.Image):
        return [_image_item(value)], True
    if isinstance(value, bytes | bytearray | memoryview):
        return [Item("bytes", bytes(value))], True
    return [_file_item(value)], True


def _array_items(array: np.ndarray[Any, Any], name: str) -> tuple[list[Item], bool]:
    """The items of a uint8 array: one for HWC or HW, N for NHWC."""
    if array.dtype != np.uint8:
        raise UsageError(why_no_dtype(array, f"array of {array.dtype}"))
    if np.ma.is_masked(array):
        raise UsageError("a masked array has pixels that are not there; pass array.filled(VALUE)")
    if array.ndim not in (2, 3, 4) or (array.ndim > 2 and array.shape[-1] not in CHANNELS):
        raise UsageError(why_no_shape(array))
    if 0 in array.shape[-3 if array.ndim > 2 else -2 :]:
        raise UsageError(f"an array of shape {array.shape} has no pixels")
    array = np.array(array)
    if array.ndim > 2 and array.shape[-1] == 1:
        array = array[..., 0]
        single = array.ndim == 2
    else:
        single = array.ndim < 4
    if single:
        return [Item(name, array)], True
    return [Item(f"{name}[{n}]", image) for n, image in enumerate(array)], False


def _is_tensor(value: Any) -> bool:
    """Whether it is a tensor of torch, told without importing torch."""
    return type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach")


def _array_of(tensor: Any) -> np.ndarray[Any, Any]:
    """A uint8 tensor CHW or NCHW as an array HWC or NHWC."""
    shape = tuple(tensor.shape)
    if str(tensor.dtype) != "torch.uint8":
        values = tensor.detach().cpu().float().numpy()
        kind = values.astype(bool) if str(tensor.dtype) == "torch.bool" else values
        raise UsageError(why_no_dtype(kind, f"tensor of {tensor.dtype}", tensor=True))
    if len(shape) not in (3, 4) or shape[-3] not in CHANNELS:
        hint = ""
        if len(shape) == 2:
            hint = "; if it is HW, pass tensor[None]"
        elif shape and shape[-1] in CHANNELS:
            order = "2, 0, 1" if len(shape) == 3 else "0, 3, 1, 2"
            hint = f"; it looks like {'NHWC'[4 - len(shape) :]}: pass tensor.permute({order})"
        raise UsageError(f"a tensor of shape {shape} is not CHW or NCHW with 1, 3 or 4 channels{hint}")
    array: np.ndarray[Any, Any] = np.moveaxis(tensor.detach().cpu().numpy(), -3, -1)
    return array


def _image_item(image: Image.Image) -> Item:
    """A PIL image, decoded and copied, with what its file said of it."""
    name = str(getattr(image, "filename", "") or "image")
    limit = Image.MAX_IMAGE_PIXELS
    if getattr(image, "tile", ()) and limit is not None and image.width * image.height > limit:
        return Item(name, image)  # not decoded yet, and too large for that: to be refused by the limits of the run
    facts: dict[str, Any] = {"format": image.format, "tile": list(getattr(image, "tile", ()))}
    try:
        with _DECODING:
            facts["is_animated"] = getattr(image, "is_animated", False)
            copied = image.copy()
    except Exception as error:  # noqa: BLE001 - Pillow's codecs raise what they like
        if _is_closed(image, error):
            return refused(name, "unreadable", "it was closed before it was handed over: keep it open until then")
        return refused(name, "truncated", f"its pixels cannot be decoded: {one_line(error)}")
    for fact, value in facts.items():
        setattr(copied, fact, value)
    with suppress(Exception):  # broken metadata must not lose an image
        orientation = image.getexif().get(_ORIENTATION_TAG)
        if orientation != copied.getexif().get(_ORIENTATION_TAG):
            copied.getexif()[_ORIENTATION_TAG] = orientation
    return Item(name, copied)


def _is_closed(image: Image.Image, error: Exception) -> bool:
    """Whether an image cannot be decoded because its file was closed, and not because it is damaged."""
    file = getattr(image, "fp", None)
    return "closed" in str(error) or (bool(getattr(image, "tile", ())) and file is None)


def _file_item(file: Any) -> Item:
    """The bytes of an open file, from its beginning if it has one."""
    if isinstance(file, io.TextIOBase):
        raise UsageError("a file that is open as text has no bytes; open it with open(path, 'rb')")
    own = getattr(file, "name", None)
    name = own if isinstance(own, str) and own else "file"
    content = bytearray()
    try:
        with suppress(OSError, AttributeError):  # a pipe
            file.seek(0)
        while chunk := file.read(_CHUNK):
            if inspect.isawaitable(chunk):
                getattr(chunk, "close", lambda: None)()
                raise UsageError(f"the read() of {type(file).__name__} is asynchronous; pass await it.read()")
            if not isinstance(chunk, bytes | bytearray | memoryview):
                raise UsageError(f"{name} is open as text; open it with open(path, 'rb')")
            content += chunk
            if len(content) > MAX_BYTES:
                return refused(name, "too_large", f"larger than {MAX_BYTES >> 20} MB")
    except (OSError, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        return refused(name, "unreadable", f"cannot be read: {one_line(error)}")
    return Item(name, bytes(content))
