"""What a file says of the values of deep pixels, so that they are scaled as they are meant."""

from dataclasses import dataclass
from typing import IO

from PIL import Image

from eyeful.images.png import read_chunk
from eyeful.images.tiff import read_tiff


@dataclass(frozen=True, slots=True)
class Depth:
    """The values of grayscale pixels of more than 8 bits.

    Attributes:
        highest: the value of white that the file states; None where it states none.
        type_highest: the highest value that their type holds, where that is not 65535.
        is_unsigned: 32-bit values that Pillow takes for signed ones.
        is_inverted: 0 is white.
    """

    highest: int | None = None
    type_highest: int | None = None
    is_unsigned: bool = False
    is_inverted: bool = False


def stated_depth(image: Image.Image) -> Depth:
    """What the file of an image says, whose header is read and whose pixels are deep."""
    file = getattr(image, "fp", None)
    if file is None:
        return Depth()
    if image.format == "PNG":
        return Depth(highest=_significant(file))
    return _of_tiff(file) if image.format == "TIFF" else Depth()


def _of_tiff(file: IO[bytes]) -> Depth:
    """MaxSampleValue, as its number of bits: writers put the highest value there that occurs, or that can."""
    tiff = read_tiff(file)
    if tiff is None:
        return Depth()
    is_integer = tiff.sample_format in (1, 2)
    stated = tiff.max_value if is_integer and tiff.max_value and tiff.max_value >= 1 << 8 else None
    bits = tiff.bits - (tiff.sample_format == 2)
    return Depth(
        highest=None if stated is None else (1 << stated.bit_length()) - 1,
        type_highest=(1 << bits) - 1 if is_integer and 8 < bits < 16 else None,
        is_unsigned=tiff.bits == 32 and tiff.sample_format == 1,
        is_inverted=tiff.photometric == 0,
    )


def _significant(file: IO[bytes]) -> int | None:
    """The highest value of a PNG's sBIT, by its first channel."""
    bits = next(iter(read_chunk(file, b"sBIT", 1) or b""), 0)
    return (1 << bits) - 1 if 8 < bits < 16 else None
