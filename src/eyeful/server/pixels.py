"""Pixels in a tensor of a request, as JSON numbers or as bytes."""

from typing import Any

import numpy as np

from eyeful.server.errors import BadRequestError

NUMBERS: dict[str, type[np.generic]] = {"UINT8": np.uint8, "FP32": np.float32}
"""What the numbers of a tensor of pixels may be."""
_PIECES = 256


def pixels_in(tensor: dict[str, Any], number: type[np.generic], raw: memoryview | None) -> np.ndarray:
    """The pixels of a tensor, batch_NHWC in uint8.

    Args:
        tensor: its JSON: `shape`, (N, H, W, 3) or (H, W, 3), and `data`, numbers flat or nested.
        number: uint8, or float32 for values from 0 to 1.
        raw: its bytes, where they lie behind the JSON instead of in `data`.

    Raises:
        BadRequestError: the shape or a value is not that of pixels.
    """
    shape = tensor.get("shape")
    whole = isinstance(shape, list) and all(isinstance(n, int) and 0 < n <= 65536 for n in shape)
    if not whole or len(shape) not in (3, 4) or shape[-1] != 3:  # type: ignore[arg-type,index]
        raise BadRequestError(f'"shape" {str(shape)[:60]} is not [N, H, W, 3] or [H, W, 3]')
    try:
        flat = np.frombuffer(raw, number) if raw is not None else _numbers(tensor.get("data"), number)
        values = flat.reshape(shape)
    except (ValueError, TypeError, OverflowError) as error:
        raise BadRequestError('"data" does not fill "shape" with numbers of its datatype') from error
    if number is np.float32:
        if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
            raise BadRequestError("FP32 pixels are not all from 0 to 1; normalisation is the model's")
        values = (values * 255).round().astype(np.uint8)
    return values if values.ndim == 4 else values[None]


def _numbers(data: Any, number: type[np.generic]) -> np.ndarray:
    """A list of numbers, flat or nested, as a flat array; in pieces, so that other threads have a turn."""
    while isinstance(data, list) and len(data) == 1 and isinstance(data[0], list):
        data = data[0]
    if not isinstance(data, list) or len(data) < _PIECES:
        return _typed(data, number).ravel()
    step = len(data) // _PIECES
    pieces = [_typed(data[place : place + step], number) for place in range(0, len(data), step)]
    return np.concatenate(pieces).ravel()  # which refuses pieces of unlike shapes


def _typed(data: Any, number: type[np.generic]) -> np.ndarray:
    """The numbers as they are meant: none is cut to fit its datatype.

    Raises:
        TypeError, ValueError: one would be.
    """
    values = np.asarray(data)
    if values.dtype.kind not in ("iu" if number is np.uint8 else "iuf"):
        raise TypeError("not numbers of that datatype")
    if number is np.uint8 and values.size and not 0 <= values.min() <= values.max() <= 255:
        raise ValueError("not within 0 to 255")
    return values.astype(number)
