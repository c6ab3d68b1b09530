"""What a JPEG 2000 codestream says that Pillow does not: how many samples a pixel has, and of how many bits."""

from dataclasses import dataclass
from typing import IO

_CODESTREAM = b"\xff\x4f\xff\x51"
"""Start of codestream, and the SIZ segment that must follow."""
_BOX_OF_CODESTREAM = b"jp2c"
_MOST_BOXES = 1000


@dataclass(frozen=True, slots=True)
class Jpeg2000Coding:
    """How a JPEG 2000 is coded.

    Attributes:
        bits: of one sample, the most of any component.
        components: samples of a pixel.
        is_signed: a sample may be negative.
    """

    bits: int
    components: int
    is_signed: bool

    @property
    def unsupported(self) -> str | None:
        """The name of a variant that Pillow refuses, or decodes to wrong values without a word; or None.

        Pillow 12 rounds samples of more than 8 bits up without a limit, so that white becomes black; only
        grayscale of 10 to 16 bits keeps all of its bits.
        """
        is_deep_gray = self.components == 1 and 10 <= self.bits <= 16
        if self.components <= 4 and not self.is_signed and (self.bits <= 8 or is_deep_gray):
            return None
        return f"a JPEG 2000 of {self.components} x {'int' if self.is_signed else 'uint'}{self.bits}"


def read_jpeg2000(file: IO[bytes]) -> Jpeg2000Coding | None:
    """How the JPEG 2000 in a file is coded; None where its header does not tell. The file's position stays."""
    position = file.tell()
    try:
        return _read(file)
    except (OverflowError, OSError, ValueError):  # a box is longer than any file
        return None
    finally:
        file.seek(position)


def _read(file: IO[bytes]) -> Jpeg2000Coding | None:
    file.seek(_codestream_offset(file))
    segment = file.read(42)  # markers, length, capabilities, eight sizes, number of components
    if len(segment) < 42 or segment[:4] != _CODESTREAM:
        return None
    components = int.from_bytes(segment[40:42], "big")
    samples = file.read(3 * components)[::3]
    if not components or len(samples) < components:
        return None
    return Jpeg2000Coding(max(sample & 0x7F for sample in samples) + 1, components, max(samples) > 0x7F)


def _codestream_offset(file: IO[bytes]) -> int:
    """Where the codestream begins: at once, or in a box of a JP2 file."""
    offset = 0
    for _ in range(_MOST_BOXES):
        file.seek(offset)
        head = file.read(16)
        if head[4:8] == _BOX_OF_CODESTREAM:
            return offset + (16 if head[:4] == b"\0\0\0\1" else 8)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if len(head) < 8 or length < 8 or head[:4] == _CODESTREAM:
            break
        offset += length
    return 0
