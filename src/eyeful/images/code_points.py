"""Colours that a file states as code points (ITU-T H.273), not by a profile: PNG's cICP, nclx of AVIF and HEIF."""

from typing import IO

from PIL import Image

from eyeful.images.png import read_chunk

_ORDINARY_PRIMARIES = (1, 2, 5, 6)
"""BT.709, which are sRGB's; unspecified; BT.601, which are near."""
_ORDINARY_TRANSFERS = (1, 2, 4, 6, 13, 14, 15)
"""BT.709, unspecified, gamma 2.2, BT.601, sRGB, BT.2020: not linear, not PQ or HLG."""
_HEAD = 4096
"""Bytes of an AVIF that hold its properties."""


def has_other_code_points(image: Image.Image) -> bool:
    """Whether an image, whose header is read, has colours far from sRGB's by its code points."""
    primaries, transfer = _code_points(image)
    return primaries not in _ORDINARY_PRIMARIES or transfer not in _ORDINARY_TRANSFERS


def _code_points(image: Image.Image) -> tuple[int, int]:
    """Colour primaries and transfer characteristics; 2 is unspecified."""
    file = getattr(image, "fp", None)
    nclx = image.info.get("nclx_profile")
    if isinstance(nclx, dict):  # pillow_heif
        return nclx.get("color_primaries", 2), nclx.get("transfer_characteristics", 2)
    if image.format == "PNG" and file is not None:
        stated = read_chunk(file, b"cICP", 2) or b""
        return (stated[0], stated[1]) if len(stated) == 2 else (2, 2)
    return _of_avif(file) if image.format == "AVIF" and file is not None else (2, 2)


def _of_avif(file: IO[bytes]) -> tuple[int, int]:
    position = file.tell()
    file.seek(0)
    _, found, stated = file.read(_HEAD).partition(b"colrnclx")
    file.seek(position)
    if not found or len(stated) < 4:
        return 2, 2
    return int.from_bytes(stated[:2], "big"), int.from_bytes(stated[2:4], "big")
