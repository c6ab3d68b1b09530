"""Resizing in one step: by cykooz_resizer where it works, else by Pillow.

cykooz_resizer (Python's access to the Rust library fast_image_resize) reads and writes Pillow's own memory. Asked
once, it resizes vertically first, which moves a fifth of all values; asked once for each direction, in Pillow's
order, it gives Pillow's values but for one level on less than 1 % of them (decision 31).
"""

import logging
from functools import cache
from math import ceil

import numpy as np
from PIL import Image

from eyeful.preprocessing import Interpolation

log = logging.getLogger("eyeful")

Box = tuple[float, float, float, float]
"""(left, top, right, bottom), in pixels of the image that is resized."""

CYKOOZ, PILLOW = "cykooz_resizer", "pillow"
RESAMPLE = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "box": Image.Resampling.BOX,
    "hamming": Image.Resampling.HAMMING,
}
"""Interpolation → Pillow's name of it."""
_FILTERS = {
    "bilinear": ("bilinear", 1),
    "bicubic": ("catmull_rom", 2),
    "lanczos": ("lanczos3", 3),
}
"""Interpolation → cykooz_resizer's name of the same filter, and how far it reaches, in pixels of the result.

Not box: at its edges a pixel is in or out by the last bit of a sum, which the libraries round differently.
"""
_TALL = 100
"""Times its width: a higher image is resized vertically first by Pillow."""


@cache
def resizer_for(interpolation: Interpolation) -> str:
    """The library that `resize` uses in this process: "cykooz_resizer" or "pillow".

    Decided at its first use, by resizing a small image with both: what is not installed, does not know the
    interpolation or gives other pixels is not used. The last is logged.
    """
    if interpolation not in _FILTERS:
        return PILLOW
    try:
        import cykooz_resizer  # noqa: F401
    except ModuleNotFoundError:
        return PILLOW
    except ImportError as error:
        return _unusable(str(error))
    image, size, box = _sample(), (48, 40), (10.5, 3.25, 250.0, 255.5)
    try:
        found = _in_two_passes(image, size, interpolation, box)
    except Exception as error:  # noqa: BLE001 - whatever it is, Pillow can do it
        return _unusable(f"{type(error).__name__}: {error}")
    expected = image.resize(size, RESAMPLE[interpolation], box)
    difference = np.abs(np.asarray(found).astype(int) - np.asarray(expected))
    if (difference <= 1).mean() < 0.99:
        return _unusable(f"other pixels than Pillow's, by up to {difference.max()} levels")
    return CYKOOZ


def resize(
    image: Image.Image, size: tuple[int, int], interpolation: Interpolation, box: Box | None = None
) -> Image.Image:
    """Resize an RGB image, or what of it is in a box, with antialiasing. Callable from any thread.

    Args:
        image: RGB.
        size: (width, height) of the result.
        interpolation: one of Pillow's filters.
        box: what is resized, within the image; all of it when None.
    """
    what = box or (0.0, 0.0, float(image.width), float(image.height))
    if resizer_for(interpolation) == CYKOOZ and _is_as_in_pillow(image, size, what):
        try:
            return _in_two_passes(image, size, interpolation, what)
        except Exception as error:  # noqa: BLE001 - what one image makes it do must not end a run
            log.debug("cykooz_resizer: %s; Pillow resizes this image", error)
    return image.resize(size, RESAMPLE[interpolation], box)


def _is_as_in_pillow(image: Image.Image, size: tuple[int, int], box: Box) -> bool:
    """Whether Pillow resizes horizontally first, and the box is one that it takes; an empty one is black there."""
    left, top, right, bottom = box
    inside = 0 <= left < right <= image.width and 0 <= top < bottom <= image.height
    return inside and min(size) > 0 and image.height <= _TALL * image.width


def _in_two_passes(
    image: Image.Image, size: tuple[int, int], interpolation: Interpolation, box: Box
) -> Image.Image:
    """Horizontally, then vertically, each where there is something to do: Pillow's order.

    Raises:
        RuntimeError: cykooz_resizer refuses, or panics.
    """
    (width, height), (left, top, right, bottom) = size, box
    if (left, right, width) != (0, image.width, image.width):
        # Only the rows that the second pass reads.
        reach = _FILTERS[interpolation][1] * max(1.0, (bottom - top) / height) + 1
        first, last = max(0, int(top - reach)), min(image.height, ceil(bottom + reach))
        image = _pass(image, (width, last - first), interpolation, (left, first, right, last))
        top, bottom = top - first, bottom - first
    if (top, bottom, height) != (0, image.height, image.height):
        image = _pass(image, size, interpolation, (0, top, width, bottom))
    return image


def _pass(image: Image.Image, size: tuple[int, int], interpolation: Interpolation, box: Box) -> Image.Image:
    """One call, with a `Resizer` of its own: they cost nothing, and belong to one thread."""
    from cykooz_resizer import CropBox, FilterType, ResizeAlg, ResizeOptions, Resizer

    left, top, right, bottom = box
    crop = CropBox(left, top, right - left, bottom - top)
    filter_type = FilterType[_FILTERS[interpolation][0]]
    options = ResizeOptions(ResizeAlg.convolution(filter_type), use_alpha=False, crop_box=crop)
    resized = Image.new("RGB", size, None)
    try:
        Resizer().resize_pil(image, resized, options)
    except (Exception, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic in Rust is none of these
        raise RuntimeError(f"panicked: {error}") from error
    return resized


def _sample() -> Image.Image:
    """256 x 256 pixels with structure in both directions."""
    steps = Image.linear_gradient("L").point([37 * value % 256 for value in range(256)])
    return Image.merge("RGB", (steps, steps.transpose(Image.Transpose.TRANSPOSE), Image.radial_gradient("L")))


def _unusable(why: str) -> str:
    log.warning("cykooz_resizer is not used, Pillow resizes, which takes longer: %s", why)
    return PILLOW
