"""Copies of photographs, as they come about: by kind, an image → its copy, PIL or encoded."""

import io
from collections.abc import Callable
from functools import partial
from typing import Any

from PIL import Image, ImageOps


def cropped(image: Image.Image, share: float) -> Image.Image:
    """A part of both sides, out of the middle by a third of what is cut away, as people crop."""
    width, height = round(image.width * share), round(image.height * share)
    left, top = (image.width - width) // 3, (image.height - height) // 3
    return image.crop((left, top, left + width, top + height))


def rotated(image: Image.Image, degrees: float) -> Image.Image:
    """Turned in its frame; the corners become black."""
    return image.rotate(degrees, Image.Resampling.BICUBIC)


def recompressed(image: Image.Image, quality: int) -> bytes:
    """As JPEG again."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def smaller(image: Image.Image, share: float) -> Image.Image:
    """Resized."""
    return image.resize((round(image.width * share), round(image.height * share)), Image.Resampling.LANCZOS)


COPIES: dict[str, Callable[[Image.Image], Any]] = {
    "mirrored": ImageOps.mirror,
    **{f"cropped to {share:.0%} of each side": partial(cropped, share=share) for share in (0.9, 0.8, 0.7)},
    **{f"rotated by {degrees}°": partial(rotated, degrees=degrees) for degrees in (-10, -5, 2, 5, 10)},
    **{f"JPEG quality {quality}": partial(recompressed, quality=quality) for quality in (70, 30)},
    "half as large": partial(smaller, share=0.5),
}
"""The kinds of which nearly all must find their original first."""
HARDER: dict[str, Callable[[Image.Image], Any]] = {
    **{f"cropped to {share:.0%} of each side": partial(cropped, share=share) for share in (0.6, 0.5, 0.4)},
    **{f"rotated by {degrees}°": partial(rotated, degrees=degrees) for degrees in (15, 20, 30, 45, 90, 180)},
    "JPEG quality 10": partial(recompressed, quality=10),
    "a quarter as large": partial(smaller, share=0.25),
    "mirrored, cropped to 80%, rotated by 5°, JPEG quality 50": lambda image: recompressed(
        rotated(cropped(ImageOps.mirror(image), 0.8), 5), 50
    ),
}
"""Kinds of which the rate is only measured."""
