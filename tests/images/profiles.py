"""ICC profiles for tests: a matrix and a gamma, or a gray gamma."""

import struct

SRGB_XYZ = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
"""D50 XYZ of red, green and blue."""
P3_XYZ = ((0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1572, 0.0666, 0.7841))
PROPHOTO_XYZ = ((0.7977, 0.2880, 0.0), (0.1352, 0.7119, 0.0), (0.0313, 0.0001, 0.8249))
ADOBE_XYZ = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
_D50 = (0.9642, 1.0, 0.8249)
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def _fixed(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _curve(gamma: float | None) -> bytes:
    """A parametric curve: sRGB's own for None."""
    if gamma is None:
        return b"para\0\0\0\0\0\3\0\0" + _fixed(*_SRGB_CURVE)
    return b"para\0\0\0\0\0\0\0\0" + _fixed(gamma)


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    name = "for tests".encode("utf-16-be")
    tags = {
        b"desc": b"mluc\0\0\0\0" + struct.pack(">IIHHII", 1, 12, 0x656E, 0x5553, len(name), 28) + name,
        b"cprt": b"mluc\0\0\0\0" + struct.pack(">IIHHII", 1, 12, 0x656E, 0x5553, len(name), 28) + name,
        b"wtpt": b"XYZ \0\0\0\0" + _fixed(*_D50),
        **tags,
    }
    table, data = struct.pack(">I", len(tags)), b""
    begin = 128 + 4 + 12 * len(tags)
    for name_of_tag, content in tags.items():
        table += name_of_tag + struct.pack(">II", begin + len(data), len(content))
        data += content.ljust(-(-len(content) // 4) * 4, b"\0")
    head = struct.pack(">I4sI4s4s4s", begin + len(data), b"test", 0x04000000, b"mntr", space, b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + _fixed(*_D50)
    return head.ljust(128, b"\0") + table + data


def rgb_profile(xyz=SRGB_XYZ, gamma: float | None = None) -> bytes:
    """A profile of three primaries and one curve."""
    colorants = {
        name: b"XYZ \0\0\0\0" + _fixed(*value)
        for name, value in zip((b"rXYZ", b"gXYZ", b"bXYZ"), xyz, strict=True)
    }
    return _profile(b"RGB ", colorants | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(gamma)))


def gray_profile(gamma: float | None = None) -> bytes:
    """A profile of one curve."""
    return _profile(b"GRAY", {b"kTRC": _curve(gamma)})


PROFILES = {
    "ProPhoto": rgb_profile(PROPHOTO_XYZ, 1.8),
    "linear": rgb_profile(SRGB_XYZ, 1.0),
    "P3": rgb_profile(P3_XYZ),
    "Adobe": rgb_profile(ADOBE_XYZ, 2.2),
    "swapped": rgb_profile((SRGB_XYZ[1], SRGB_XYZ[0], SRGB_XYZ[2])),
}
