"""What a JPEG's markers say that Pillow does not: how it is coded."""

from dataclasses import dataclass
from typing import IO

_JPEG_LS = 0xF7
_FRAMES = {*range(0xC0, 0xD0), _JPEG_LS} - {0xC4, 0xC8, 0xCC}
_KNOWN_FRAMES = (0xC0, 0xC1, 0xC2, 0xC9, 0xCA)
"""Start-of-frame markers that libjpeg decodes: baseline, extended, progressive; the last two are arithmetic."""
_SCAN = 0xDA
_MOST_MARKERS = 10_000


@dataclass(frozen=True, slots=True)
class JpegCoding:
    """How a JPEG is coded.

    Attributes:
        marker: the start-of-frame marker, 0xC0 to 0xCF, or JPEG-LS's.
        bits: of one sample.
        components: in the frame.
        in_first_scan: of these, in the first scan.
    """

    marker: int
    bits: int
    components: int
    in_first_scan: int

    @property
    def buffers_whole_image(self) -> bool:
        """Whether the decoder keeps the coefficients of the whole image, whatever the scale that it decodes at."""
        return self.marker in (0xC2, 0xC6, 0xCA, 0xCE) or self.in_first_scan < self.components

    @property
    def can_be_reduced(self) -> bool:
        """Whether libjpeg can decode it at a reduced scale; for a lossless one Pillow's process would crash."""
        return self.marker in _KNOWN_FRAMES

    @property
    def unsupported(self) -> str | None:
        """The name of the variant that no codec here knows, or None."""
        if self.marker == _JPEG_LS:
            return "a JPEG-LS image"
        if self.marker not in _KNOWN_FRAMES:
            lossless = self.marker in (0xC3, 0xC7, 0xCB, 0xCF)
            return "a lossless JPEG" if lossless else "a hierarchical JPEG"
        if self.bits != 8:
            return f"a JPEG of {self.bits} bits"
        return None if self.components in (1, 3, 4) else f"a JPEG of {self.components} components"


def read_coding(file: IO[bytes]) -> JpegCoding | None:
    """How the JPEG in a file is coded; None where its markers do not tell. The file's position stays."""
    position = file.tell()
    try:
        file.seek(0)
        return _read(file)
    finally:
        file.seek(position)


def _read(file: IO[bytes]) -> JpegCoding | None:
    frame: bytes | None = None
    marker = 0
    if file.read(2) != b"\xff\xd8":
        return None
    for _ in range(_MOST_MARKERS):
        head = file.read(4)
        while len(head) == 4 and head[:2] == b"\xff\xff":  # fill bytes
            head = head[1:] + file.read(1)
        if len(head) < 4 or head[0] != 0xFF:
            return None
        length = int.from_bytes(head[2:], "big") - 2
        if length < 1:
            return None
        if head[1] == _SCAN:
            scan = file.read(1)
            return None if frame is None or not scan else JpegCoding(marker, frame[0], frame[5], scan[0])
        if head[1] in _FRAMES:
            marker, frame = head[1], file.read(6)
            if len(frame) < 6:
                return None
            length -= 6
        file.seek(length, 1)
    return None
