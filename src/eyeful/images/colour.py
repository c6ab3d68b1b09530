"""The colour policy: any image mode → RGB, and a warning for each deviation from plain `convert("RGB")`.

| image | becomes |
|---|---|
| grayscale, 1 bit | RGB with equal channels (`grayscale`) |
| 16 or 32 bit, float | scaled to 8 bit, not clipped (`sixteen_bit_scaled`), by the depth that the file states |
| the same, with (nearly) nothing above a quarter of its range; an array of 0 and 1 | the same (`dark:0.02`) |
| CMYK | `convert("RGB")` (`cmyk_converted`) |
| palette | expanded |
| any transparency | composited on white (`alpha_composited`) |
| a colour profile other than sRGB | converted to sRGB after resizing, but in the exact way (`colour_profile`) |
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from eyeful.images.depth import Depth

COLOUR_POLICY = 2
"""The number of the table above; a result's manifest carries it, and a change of the table raises it."""

DEEP_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")
BAND = 1 << 17
"""Pixels that are converted at once where that needs several copies."""
_DARK = 0.25
"""An image that reaches no more of its range may hold fewer bits than its file says: 14 in 16."""
_DARKEST = 1 / 255
"""An array of 8 bits that reaches no more was perhaps meant to run from 0 to 1."""
_MOST = 0.999
"""Of an image of many bits, the share of pixels that is looked at: a few may be marks, such as no data."""


def to_rgb(image: Image.Image, depth: Depth | None = None) -> tuple[Image.Image, list[str]]:
    """Convert a loaded image of any mode to RGB, with the warnings that say what was done.

    Args:
        image: what to convert.
        depth: of an image with more than 8 bits, also where Pillow has made 8 of them; None for others.
    """
    warnings: list[str] = []
    reached = 1.0
    if image.mode in DEEP_MODES:
        image, reached = _scale_to_8_bit(image, depth or Depth())
        warnings.append("sixteen_bit_scaled")
    elif depth is not None or image.format is None:
        reached = _reached(image)
    if image.mode in ("L", "1", "LA", "La"):
        warnings.append("grayscale")
    elif image.mode == "CMYK":
        warnings.append("cmyk_converted")
    if image.has_transparency_data:  # in a palette too
        image, changed = _on_white(image)
        if changed:
            warnings.append("alpha_composited")
    if 0 < reached <= (_DARK if depth is not None or "sixteen_bit_scaled" in warnings else _DARKEST):
        warnings.append(f"dark:{reached:.2f}")
    return (image if image.mode == "RGB" else image.convert("RGB")), warnings


def _on_white(image: Image.Image) -> tuple[Image.Image, bool]:
    """Composite on white; whether anything was transparent at all."""
    out: Image.Image | None = None
    changed = False
    for top, band in _bands(image):
        rgba = band if band.mode == "RGBA" else band.convert("RGBA")
        darkest, _ = rgba.getchannel("A").getextrema()
        if darkest != 255:
            changed = True
            rgba = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
        rgb = rgba.convert("RGB")
        if rgb.size == image.size:
            return rgb, changed
        out = out or Image.new("RGB", image.size)
        out.paste(rgb, (0, top))
    assert out is not None  # noqa: S101 - there is a first band
    return out, changed


def _scale_to_8_bit(image: Image.Image, depth: Depth) -> tuple[Image.Image, float]:
    """Deep grayscale as 8-bit grayscale, and the share of its range that it reaches: nothing is clipped.

    The range of integers begins at 0 and ends at what the file states, or else at 65535. Float images count as
    0..1 or 0..255, whichever holds their values. If that does not hold the values, their own range is used.
    """
    ranges = [(float(values.min()), float(values.max())) for _, values in _values(image, depth)]
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    highest = high
    likely = (1, 255) if image.mode == "F" else (depth.highest, depth.type_highest, 65535)
    white = next((float(white) for white in likely if white is not None and high <= white), None)
    if low >= 0 and white is not None:
        low, high = 0.0, white
    scaled = np.empty((image.height, image.width), np.uint8)
    for top, values in _values(image, depth):
        scaled[top : top + len(values)] = np.rint((values - low) * (255.0 / ((high - low) or 1.0)))
    if depth.is_inverted:
        return Image.fromarray(np.subtract(255, scaled, out=scaled)), 1.0
    gray = Image.fromarray(scaled)
    reached = highest / high if low == 0 and high else 1.0
    if low == 0 and reached > _DARK:
        reached = float(np.searchsorted(np.cumsum(gray.histogram()), _MOST * scaled.size)) / 255
    return gray, reached


def _reached(image: Image.Image) -> float:
    """The share of its range that an 8-bit image reaches in any channel but alpha."""
    highest: list[int] = np.reshape(image.getextrema(), (-1, 2))[:, 1].tolist()
    return max(value for value, band in zip(highest, image.getbands(), strict=True) if band != "A") / 255


def _values(image: Image.Image, depth: Depth) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """The finite values of a grayscale image, float64 (rows, W), band by band; others count as 0."""
    for top, band in _bands(image):
        values = np.asarray(band)
        if depth.is_unsigned and values.dtype == np.int32:
            values = values.view(np.uint32)
        with np.errstate(invalid="ignore"):  # a signalling NaN
            yield top, np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)


def _bands(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """The image in bands of whole rows, from the top, so that what is made of a band costs little beside it."""
    rows = max(1, BAND // max(1, image.width))
    if rows >= image.height:
        yield 0, image
        return
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))
