"""Images that are in memory already: encoded bytes, PIL images, arrays of pixels."""

from typing import Any

import numpy as np
from PIL import Image

from eyeful.errors import UsageError
from eyeful.types import Item


def item(value: Any) -> Item:
    """The item of encoded bytes or of a PIL image."""
    if isinstance(value, Image.Image):
        return Item(str(getattr(value, "filename", "") or "image"), value)
    return Item("bytes", bytes(value))


def array_items(array: np.ndarray[Any, Any]) -> list[Item]:
    """The items of a uint8 RGB array: one for HWC or HW, N for NHWC.

    Raises:
        UsageError: another type or shape; the text says what converts it.
    """
    if array.dtype != np.uint8:
        raise UsageError(
            f"an array of {array.dtype} is not uint8; if its values run from 0 to 1, pass "
            "(array * 255).round().astype('uint8')"
        )
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3):
        return [Item("array", array)]
    if array.ndim == 4 and array.shape[3] == 3:
        return [Item(f"array[{n}]", image) for n, image in enumerate(array)]
    hint = ""
    if array.ndim == 3 and array.shape[0] == 3:
        hint = "; it looks like CHW: pass array.transpose(1, 2, 0)"
    elif array.ndim == 4 and array.shape[1] == 3:
        hint = "; it looks like NCHW: pass array.transpose(0, 2, 3, 1)"
    raise UsageError(f"an array of shape {array.shape} is not HWC, HW or NHWC with 3 channels{hint}")


def why_not(value: Any) -> str:
    """The sentence for a value that is no input."""
    if type(value).__module__.startswith("torch"):
        return "a tensor is not an input; pass a uint8 array: tensor.permute(1, 2, 0).numpy() for CHW"
    if hasattr(value, "__array__"):
        return f"{type(value).__name__} is not an input; pass numpy.asarray(it) as uint8 HWC"
    return (
        f"{type(value).__name__} is not an input; pass a path, folder, glob, URL, bytes, PIL image, "
        "uint8 array, or a list of these"
    )
