"""The colour policy: any image mode → RGB, and a warning for each deviation from plain `convert("RGB")`.

| image | becomes |
|---|---|
| grayscale, 1 bit | RGB with equal channels (`grayscale`) |
| 16 or 32 bit, float | scaled to 8 bit, not clipped (`sixteen_bit_scaled`) |
| CMYK | `convert("RGB")` (`cmyk_converted`) |
| palette | expanded |
| any transparency | composited on white (`alpha_composited`) |
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

COLOUR_POLICY = 1
"""The number of the table above; a result's manifest carries it, and a change of the table raises it."""

_DEEP_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")
BAND = 1 << 17
"""Pixels that are converted at once where that needs several copies."""
_ALPHA_MODES = ("RGBA", "LA", "PA", "La", "RGBa")


def to_rgb(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """Convert a loaded image of any mode to RGB, with the warnings that say what was done."""
    warnings: list[str] = []
    if image.mode in _DEEP_MODES:
        image = _scale_to_8_bit(image)
        warnings.append("sixteen_bit_scaled")
    if image.mode in ("L", "1", "LA", "La"):
        warnings.append("grayscale")
    elif image.mode == "CMYK":
        warnings.append("cmyk_converted")
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        image, changed = _on_white(image)
        if changed:
            warnings.append("alpha_composited")
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


def _scale_to_8_bit(image: Image.Image) -> Image.Image:
    """16-bit and deeper grayscale as 8-bit grayscale: the whole range stays, nothing is clipped.

    16-bit and integer images divide by 257 (65535 → 255). Float images count as 0..1 or 0..255, whichever
    holds their values, else their own range is used.
    """
    ranges = [(float(values.min()), float(values.max())) for _, values in _values(image)]
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    if image.mode != "F" and low >= 0 and high <= 65535:
        low, high = 0.0, 65535.0
    elif low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    scaled = np.empty((image.height, image.width), np.uint8)
    for top, values in _values(image):
        scaled[top : top + len(values)] = np.rint((values - low) * (255.0 / ((high - low) or 1.0)))
    return Image.fromarray(scaled)


def _values(image: Image.Image) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """The finite values of a grayscale image, float64 (rows, W), band by band; others count as 0."""
    for top, band in _bands(image):
        yield top, np.nan_to_num(np.asarray(band, dtype=np.float64), posinf=0.0, neginf=0.0)


def _bands(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """The image in bands of whole rows, from the top, so that what is made of a band costs little beside it."""
    rows = max(1, BAND // max(1, image.width))
    if rows >= image.height:
        yield 0, image
        return
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))
