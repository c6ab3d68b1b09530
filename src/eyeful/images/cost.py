"""What decoding an image will cost in memory, told from its header.

The figures are bytes for each pixel, measured as the peak of resident memory with Pillow 12.3 on images of 12
megapixels, and rounded up. Pillow keeps colour in 4 bytes a pixel, whatever the mode.
"""

from PIL import Image

from eyeful.images.colour import BAND
from eyeful.images.jpeg import read_coding

_STORED = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}
_COLOUR = 4
_DEEP = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")
_DEEP_TO_RGB = 6
"""8-bit gray twice, and RGB."""
_CODEC = {"WEBP": 13, "AVIF": 12, "HEIF": 8}
"""What the codec holds beside Pillow's image."""
_BAND_COST = 40
"""For each pixel of the band that is converted at once."""
_RESIZE = 4 * 300
"""For each pixel of the longer side: resizing goes through an image that has the target's width."""


def decoding_bytes(image: Image.Image, full_size: tuple[int, int]) -> int:
    """What decoding, making upright, converting to RGB and resizing hold at once.

    Args:
        image: its header read, and perhaps set to decode at a reduced scale.
        full_size: its (width, height) in the file.
    """
    pixels = image.width * image.height
    return (
        pixels * (_STORED.get(image.mode, _COLOUR) + _codec(image) + max(_to_rgb(image), _turning(image)))
        + _coefficients(image, full_size)
        + _BAND_COST * min(pixels, BAND)
        + _RESIZE * max(image.size)
    )


def _to_rgb(image: Image.Image) -> int:
    if image.mode in _DEEP:
        return _DEEP_TO_RGB
    return 0 if image.mode == "RGB" and "transparency" not in image.info else _COLOUR


def _turning(image: Image.Image) -> int:
    """An upright copy, where the header may ask for one; only of a JPEG is it cheap to tell."""
    if image.format in ("JPEG", "MPO") and "exif" not in image.info:
        return 0
    return _COLOUR if image.format is not None else 0


def _codec(image: Image.Image) -> int:
    if image.format == "JPEG2000":  # OpenJPEG keeps 32 bits for each sample
        return 4 * len(image.getbands()) + 4
    if image.format == "TIFF":  # LibTIFF's strip, which may be all of the image
        return 8 if any("libtiff" in str(tile) for tile in getattr(image, "tile", ())) else 0
    return _CODEC.get(image.format or "", 0)


def _coefficients(image: Image.Image, full_size: tuple[int, int]) -> int:
    """What libjpeg keeps of a JPEG in several scans: 16 bits for each coefficient, at full size at any scale."""
    layers: list[tuple[int, int, int, int]] = getattr(image, "layer", [])
    file = getattr(image, "fp", None)
    if image.format not in ("JPEG", "MPO") or not layers or file is None:
        return 0
    coding = read_coding(file)
    if coding is not None and not coding.buffers_whole_image:
        return 0
    rows = max(vertical for _, _, vertical, _ in layers)
    columns = max(horizontal for _, horizontal, _, _ in layers)
    if not rows or not columns:  # libjpeg refuses such sampling factors
        return 0
    blocks = -(-full_size[0] // (8 * columns)) * -(-full_size[1] // (8 * rows))
    return blocks * 64 * 2 * sum(horizontal * vertical for _, horizontal, vertical, _ in layers)
