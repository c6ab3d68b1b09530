"""An image whose header is read → its pixels, upright, in RGB, and what was done to make them so."""

from dataclasses import dataclass

from PIL import Image

from eyeful.errors import ImageError, one_line
from eyeful.images.colour import DEEP_MODES, to_rgb
from eyeful.images.depth import stated_depth
from eyeful.images.identify import undecodable
from eyeful.images.jpeg import read_coding
from eyeful.images.profile import ToSRGB, profile_of
from eyeful.images.transform import resized_size
from eyeful.preprocessing import Preprocessing
from eyeful.types import Size

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {  # EXIF orientation → what makes the image upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_TURNED = {_UPRIGHT[orientation] for orientation in (5, 6, 7, 8)}
"""Those that swap width and height."""


@dataclass(frozen=True, slots=True)
class Opened:
    """One opened image: upright, RGB; and what was done to make it so."""

    image: Image.Image
    warnings: tuple[str, ...]
    full_size: Size
    """Upright (height, width) in the file; larger than `image` where a JPEG was decoded at a reduced scale."""
    to_srgb: ToSRGB | None = None
    """Converts an RGB image of these colours, resized or not, to sRGB; None where nothing is to be converted."""


def reduce(image: Image.Image, preprocessing: Preprocessing) -> None:
    """Let libjpeg decode at 1/2, 1/4 or 1/8 where twice the resize target remains; no other format can.

    The target is that of the image as stored and as turned upright, whichever is larger.
    """
    file = getattr(image, "fp", None)
    if image.format not in ("JPEG", "MPO") or min(image.size) < 1 or file is None:
        return
    coding = read_coding(file)
    if coding is not None and not coding.can_be_reduced:
        return
    height, width = resized_size((image.height, image.width), preprocessing)
    turned_width, turned_height = resized_size((image.width, image.height), preprocessing)
    image.draft(None, (2 * max(width, turned_width), 2 * max(height, turned_height)))


def decode(image: Image.Image, size: tuple[int, int], *, ours: bool) -> Opened:
    """Pixels, upright, in RGB.

    Args:
        image: its header read.
        size: its (width, height) in the file.
        ours: nobody else has it, so it is closed as soon as it is no longer needed.

    Raises:
        ImageError: `truncated`, `unsupported_format` or `too_large`.
    """
    found: list[str] = []
    file = getattr(image, "fp", None)
    try:
        if getattr(image, "is_animated", False) and image.format != "MPO":  # MPO: a camera's second view
            found.append("first_frame_of_n")
        deep = any(";16" in str(tile) for tile in getattr(image, "tile", ()))
        has_depth = image.mode in DEEP_MODES or (deep and image.format != "BMP")  # BGR;16 has 5 or 6 bits
        depth = stated_depth(image) if has_depth else None
        is_other, to_srgb = profile_of(image)
        image.load()
        upright = _UPRIGHT.get(_orientation(image))
        rgb, colour_warnings = to_rgb(image, depth)
        if deep and "sixteen_bit_scaled" not in colour_warnings:
            colour_warnings.append("sixteen_bit_scaled")
        if is_other:
            colour_warnings.append("colour_profile")
        if ours and rgb is not image:
            image.close()
        if upright is not None:
            rgb = rgb.transpose(upright)
            found.append("exif_rotated")
    except (MemoryError, Image.DecompressionBombError) as error:
        raise ImageError("too_large", f"decoding needs more memory than there is: {one_line(error)}") from error
    except Exception as error:
        raise undecodable(file, error) from error
    full_size = size if upright in _TURNED else (size[1], size[0])
    return Opened(rgb, (*found, *colour_warnings), full_size, to_srgb)


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; 1 where it is missing, broken or undefined: metadata must not lose an image."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # noqa: BLE001 - the EXIF reader raises what it likes
        return 1
    return value if isinstance(value, int) else 1
