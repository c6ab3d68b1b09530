"""What one image may cost, checked before memory is spent."""

from dataclasses import dataclass

from eyeful.errors import ImageError

DEFAULT_MAX_PIXELS = 89_478_485
"""Pixels of one image; Pillow's own limit, at which it merely warns."""

MAX_ASPECT = 100
"""Longer side over shorter side: a 142-byte 65000x1 image would ask for 4.3 gigapixels after resizing."""

MAX_ENCODED = 256 << 20
"""Bytes of a file that its codec holds in memory as a whole."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one image may cost."""

    max_pixels: int = DEFAULT_MAX_PIXELS
    max_aspect: float = MAX_ASPECT


def check_size(size: tuple[int, int], limits: Limits) -> None:
    """Refuse an image by its (width, height), as its header tells them.

    Raises:
        ImageError: `truncated`, `too_large` or `aspect`.
    """
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
