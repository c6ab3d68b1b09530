"""What to tell who hands over a value that is no image: the call that makes one of it."""

import math
from typing import Any

import numpy as np

CHANNELS = (1, 3, 4)
_FORMS = "a path, folder, glob, URL, bytes, PIL image, uint8 array, or a list of these"


def why_no_input(value: Any) -> str:
    """The sentence for a value that is neither an image nor a collection of inputs."""
    name, dimensions = type(value).__name__, getattr(value, "ndim", 0)
    advice = f"pass {_FORMS}"
    if hasattr(value, "columns"):
        advice = f"pass its column of paths: it[{str(next(iter(value.columns), 'path'))!r}]"
    elif isinstance(value, dict):
        advice = "pass list(it.values()), or list(it) for its keys"
    elif hasattr(value, "to_pylist"):
        advice = "pass it.to_pylist()"
    elif isinstance(value, np.ndarray):
        name = f"an array of {dimensions} dimensions that holds {value.dtype}"
        advice = "pass it.ravel().tolist()" if dimensions else "pass it.item()"
    elif dimensions == 1 and hasattr(value, "dtype"):
        advice = f"it holds {value.dtype}, neither paths nor images"
    elif dimensions and hasattr(value, "__array__"):
        advice = "pass numpy.asarray(it) as uint8 HWC"
    return f"{name} is not an input; {advice}"


def why_no_dtype(array: np.ndarray[Any, Any], name: str, *, tensor: bool = False) -> str:
    """The sentence for an array of another type than uint8: what its values look like decides the advice.

    Args:
        array: of any type.
        name: what to call it: "array of float32".
        tensor: whether the calls are torch's.
    """
    own, uint8 = ("tensor", ".to(torch.uint8)") if tensor else ("array", ".astype('uint8')")
    kind = array.dtype.kind
    if kind == "S":
        return f"an {name} does not hold pixels; if it holds paths, pass array.astype(str)"
    if kind not in "bfiu":
        return f"an {name} does not hold pixels"
    low, high = (float(array.min()), float(array.max())) if array.size else (math.nan, math.nan)
    values, rounded = f"its values run from {low:.4g} to {high:.4g}", ".round()" if kind == "f" else ""
    if kind == "b":
        advice = f"pass {own}{uint8} * 255"
    elif not math.isfinite(low + high):
        advice = "it has no values, or some that are not finite"
    elif low < 0:
        advice = f"{values}: pass the pixels from before they were normalised"
    elif high <= 1:
        advice = f"{values}: pass ({own} * 255){rounded}{uint8}"
    elif high <= 255:
        advice = f"{values}: pass {own}{rounded}{uint8}"
    else:
        advice = (
            f"{values}: pass ({own} * (255 / WHITE)).round(){uint8}; "
            "WHITE is 1023 for 10 bits, 4095 for 12, 65535 for 16"
        )
    return f"{'a' if tensor else 'an'} {name} is not uint8; {advice}"


def why_no_shape(array: np.ndarray[Any, Any]) -> str:
    """The sentence for a uint8 array of a wrong shape."""
    shape, hint = array.shape, ""
    if array.ndim == 3 and shape[0] in CHANNELS:
        hint = "; it looks like CHW: pass array.transpose(1, 2, 0)"
    elif array.ndim == 3 and shape[-1] == 2:
        hint = "; if it is gray with alpha, pass array[..., 0]"
    elif array.ndim == 3:
        hint = "; if it is NHW, pass array[..., None]"
    elif array.ndim == 4 and shape[1] in CHANNELS:
        hint = "; it looks like NCHW: pass array.transpose(0, 2, 3, 1)"
    elif array.ndim == 1:
        hint = "; if it is an encoded file, pass array.tobytes()"
    elif array.ndim == 5:
        hint = "; pass it[0], or its first two dimensions as one"
    return f"an array of shape {shape} is not HWC, HW or NHWC with 1, 3 or 4 channels{hint}"
