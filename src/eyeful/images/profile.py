"""Colour profiles (ICC): which images have one other than sRGB, and what converts their colours to sRGB."""

import io
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np
from PIL import Image

from eyeful.images.code_points import has_other_code_points

_GRAY = ("1", "L", "LA", "La", "I;16", "I;16B", "I;16L", "I;16N", "I", "F")
_RGB = ("RGB", "RGBA", "RGBX", "RGBa", "P", "PA", "YCbCr")
_SPACES = {b"RGB ": _RGB, b"GRAY": _GRAY}
"""A profile's colour space, bytes 16 to 20 of it → the modes of the images that it is for."""
_AS_SRGB = 2
"""Levels of 255 by which a profile's colours may differ from sRGB's to count as sRGB: its tables are rounded."""
_MOST_BYTES = 4 << 20
_USUAL_GAMMA = (0.40, 0.50)
"""A PNG's gAMA that needs no conversion; sRGB is 0.45."""

ToSRGB = Callable[[Image.Image], Image.Image]
"""An RGB image in the colours of a profile → the same in sRGB."""


def profile_of(image: Image.Image) -> tuple[bool, ToSRGB | None]:
    """Whether an image, whose header is read, has colours other than sRGB's, and what converts them.

    Printing colours (CMYK) are none of this: they are converted without a profile, which has a warning of its own.
    There is nothing that converts where the profile is damaged, or of another kind of colours than the image.
    """
    icc = image.info.get("icc_profile")
    if image.mode == "CMYK":
        return False, None
    if not isinstance(icc, bytes) or not icc:
        return _has_unusual_gamma(image) or has_other_code_points(image), None
    is_srgb, convert = _understood(icc) if len(icc) <= _MOST_BYTES else (False, None)
    if is_srgb:
        return False, None
    return True, convert if image.mode in _SPACES.get(icc[16:20], ()) else None


def _has_unusual_gamma(image: Image.Image) -> bool:
    """Whether a PNG without a profile says that its values are not for an ordinary screen."""
    gamma = image.info.get("gamma") if image.format == "PNG" and "srgb" not in image.info else None
    return isinstance(gamma, float) and not _USUAL_GAMMA[0] <= gamma <= _USUAL_GAMMA[1]


@lru_cache(maxsize=16)
def _understood(icc: bytes) -> tuple[bool, ToSRGB | None]:
    """Whether a profile is sRGB's, told from what it does, not from its name; and what converts from it."""
    is_gray = icc[16:20] == b"GRAY"
    if icc[16:20] not in _SPACES:
        return False, None
    try:
        from PIL import ImageCms

        transform = ImageCms.ImageCmsTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(icc)),
            ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
            "L" if is_gray else "RGB",
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.NOCACHE,  # threads share it
        )
        probe = _probe(is_gray=is_gray)
        converted = _convert(transform, probe, is_gray=is_gray)
    except Exception:  # noqa: BLE001 - LittleCMS and Pillow raise what they like, at a damaged profile
        return False, None
    difference = np.abs(np.asarray(converted).astype(int) - np.asarray(probe).astype(int)).max()
    return bool(difference <= _AS_SRGB), partial(_convert, transform, is_gray=is_gray)


def _convert(transform: Any, image: Image.Image, *, is_gray: bool) -> Image.Image:
    converted: Image.Image = transform.apply(image.getchannel(0) if is_gray else image)
    return converted


def _probe(*, is_gray: bool) -> Image.Image:
    """Colours that stand for all: every gray, or 16 levels of each channel."""
    if is_gray:
        return Image.fromarray(np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2))
    levels = np.linspace(0, 255, 16).astype(np.uint8)
    return Image.fromarray(np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(16, 256, 3))
