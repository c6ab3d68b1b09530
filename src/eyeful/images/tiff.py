"""What a TIFF's directories say that Pillow does not: what its pixels are, and whether all bytes are there."""

import struct
from dataclasses import dataclass
from typing import IO, Any

_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
"""Field type → `struct` format of its unsigned integers."""
_WIDTH, _BITS, _COMPRESSION, _PHOTOMETRIC, _OFFSETS, _SAMPLES, _COUNTS = 256, 258, 259, 262, 273, 277, 279
_MAX_VALUE, _PLANAR, _TILE_OFFSETS, _TILE_COUNTS, _SUB_IFDS, _FORMAT = 281, 284, 324, 325, 330, 339
_DNG_VERSION = 50706
_WANTED = {
    *(_WIDTH, _BITS, _COMPRESSION, _PHOTOMETRIC, _OFFSETS, _SAMPLES, _COUNTS, _MAX_VALUE, _PLANAR),
    *(_TILE_OFFSETS, _TILE_COUNTS, _SUB_IFDS, _FORMAT, _DNG_VERSION),
}
_MOST_DIRECTORIES = 32
_MOST_ENTRIES = 4096
_MOST_VALUES = 1 << 20

_COMPRESSIONS = {
    6: "old-style JPEG",
    22610: "JPEG XR",
    32809: "ThunderScan",
    32909: "PixarLog",
    33003: "JPEG 2000",
    33005: "JPEG 2000",
    34676: "SGILog",
    34677: "SGILog",
    34712: "JPEG 2000",
    34887: "LERC",
    34892: "lossy JPEG",
    34933: "PNG",
    34934: "JPEG XR",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
_DECODED_COMPRESSIONS = (1, 2, 3, 4, 5, 7, 8, 32771, 32773, 32946, 34925, 50000)
"""What every build of LibTIFF in Pillow's wheels decodes."""
_PHOTOMETRICS = {8: "CIELAB", 9: "ICCLAB", 10: "ITULAB", 32844: "LogL", 32845: "LogLuv", 51177: "depth"}
_YCBCR = 6
_RAW_PHOTOMETRICS = (32803, 34892)
"""A colour filter array, and what a camera made of one: DNG's."""


@dataclass(frozen=True, slots=True)
class TiffCoding:
    """What the pixels of a TIFF's first directory are.

    Attributes:
        bits: of one sample.
        samples: of one pixel.
        sample_format: 1 unsigned, 2 signed, 3 floating point, others complex or undefined.
        photometric: PhotometricInterpretation.
        compression: Compression.
        is_planar: samples lie in planes, one behind the other.
        is_big_endian: the most significant byte comes first.
        max_value: MaxSampleValue, where it is given.
        is_whole: the file has all bytes of these pixels.
        is_raw: it is a camera's raw file, whatever its first directory shows.
    """

    bits: int
    samples: int
    sample_format: int
    photometric: int
    compression: int
    is_planar: bool
    is_big_endian: bool
    max_value: int | None
    is_whole: bool
    is_raw: bool

    @property
    def name(self) -> str:
        """The variant in words: `a TIFF of 3 x float32`."""
        kind = {1: "uint", 2: "int", 3: "float"}.get(self.sample_format, "complex")
        said = [f"a TIFF of {self.samples} x {kind}{self.bits}"]
        if self.photometric in _PHOTOMETRICS:
            said.append(f"as {_PHOTOMETRICS[self.photometric]}")
        if self.photometric == _YCBCR and self.compression == 1:
            said.append("as uncompressed YCbCr")
        if self.compression not in _DECODED_COMPRESSIONS:
            said.append(f"compressed as {_COMPRESSIONS.get(self.compression, f'number {self.compression}')}")
        return " ".join(said)

    @property
    def misread(self) -> str | None:
        """The name of a variant that Pillow 12 decodes to wrong values without a word, or None."""
        if self.sample_format == 2 and self.bits == 8:
            return self.name
        if self.compression == 1:
            in_planes = self.is_planar and self.samples > 1 and self.bits > 8
            return f"{self.name} in planes" if in_planes else None
        swapped = self.is_big_endian and (self.bits > 16 or (self.bits > 8 and self.sample_format != 1))
        return f"{self.name}, big-endian and compressed" if swapped else None

    @property
    def undecoded(self) -> str | None:
        """The name of a variant that opens and then fails, whole as it is; None where damage is likelier."""
        known = self.compression in _DECODED_COMPRESSIONS
        if not self.is_whole or (known and not (self.photometric == _YCBCR and self.compression == 1)):
            return None
        return self.name


def read_tiff(file: IO[bytes]) -> TiffCoding | None:
    """What the pixels of a TIFF are; None where it is not one, or its header is cut. The file's position stays."""
    position = file.tell()
    try:
        return _read(file)
    except (struct.error, OverflowError, OSError, ValueError):
        return None
    finally:
        file.seek(position)


def _read(file: IO[bytes]) -> TiffCoding | None:
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 16:
        return None
    big = struct.unpack(f"{order}H", head[2:4])[0] == 43
    first = struct.unpack(f"{order}Q", head[8:16])[0] if big else struct.unpack(f"{order}I", head[4:8])[0]
    reader = _Reader(file, order, big=big)
    directories = reader.directories(first)
    if not directories or _WIDTH not in directories[0]:
        return None
    tags = directories[0]
    offsets, counts = (
        tags.get(_OFFSETS, tags.get(_TILE_OFFSETS, ())),
        tags.get(_COUNTS, tags.get(_TILE_COUNTS, ())),
    )
    ends = [offset + count for offset, count in zip(offsets, counts, strict=False)] or list(offsets)

    def first_of(tag: int, default: int) -> int:
        return next(iter(tags.get(tag, ())), default)

    return TiffCoding(
        bits=first_of(_BITS, 1),
        samples=first_of(_SAMPLES, 1),
        sample_format=first_of(_FORMAT, 1),
        photometric=first_of(_PHOTOMETRIC, 0),
        compression=first_of(_COMPRESSION, 1),
        is_planar=first_of(_PLANAR, 1) == 2,
        is_big_endian=order == ">",
        max_value=first_of(_MAX_VALUE, 0) or None,
        is_whole=bool(ends) and max(ends) <= size,
        is_raw=head[8:10] == b"CR"
        or any(
            _DNG_VERSION in found or next(iter(found.get(_PHOTOMETRIC, ())), 0) in _RAW_PHOTOMETRICS
            for found in directories
        ),
    )


class _Reader:
    """Reads the directories of a TIFF or BigTIFF: the tags that matter here."""

    def __init__(self, file: IO[bytes], order: str, *, big: bool) -> None:
        self._file = file
        self._order = order
        self._count, self._word = ("Q", "Q") if big else ("H", "I")

    def directories(self, first: int) -> list[dict[int, tuple[int, ...]]]:
        """The first directory, those behind it and those that they point to; of a broken chain, what is there."""
        waiting, seen, found = [first], set[int](), list[dict[int, tuple[int, ...]]]()
        while waiting and len(seen) < _MOST_DIRECTORIES:
            offset = waiting.pop(0)
            if not offset or offset in seen:
                continue
            seen.add(offset)
            try:
                tags, following = self._directory(offset)
            except (struct.error, OverflowError, OSError, ValueError):
                if not found:
                    raise
                continue
            found.append(tags)
            waiting += [*tags.get(_SUB_IFDS, ()), following]
        return found

    def _directory(self, offset: int) -> tuple[dict[int, tuple[int, ...]], int]:
        self._file.seek(offset)
        (entries,) = self._unpack(self._count)
        if entries > _MOST_ENTRIES:
            raise ValueError(f"{entries} entries")
        width = struct.calcsize(f"{self._order}{self._word}")
        table = [self._unpack(f"HH{self._word}{width}s") for _ in range(entries)]
        following = self._file.read(width).ljust(width, b"\0")
        tags = {tag: self._values(kind, count, data) for tag, kind, count, data in table if tag in _WANTED}
        return tags, struct.unpack(f"{self._order}{self._word}", following)[0]

    def _values(self, kind: int, count: int, data: bytes) -> tuple[int, ...]:
        if kind not in _INTEGERS or count > _MOST_VALUES:
            return ()
        length = struct.calcsize(f"={_INTEGERS[kind]}") * count
        if length > len(data):
            self._file.seek(struct.unpack(f"{self._order}{self._word}", data)[0])
            data = self._file.read(length)
        return struct.unpack(f"{self._order}{count}{_INTEGERS[kind]}", data[:length])

    def _unpack(self, fields: str) -> tuple[Any, ...]:
        fields = self._order + fields
        return struct.unpack(fields, self._file.read(struct.calcsize(fields)))
