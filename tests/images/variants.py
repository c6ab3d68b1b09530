"""Image files of every variant in docs/inputs.md, made byte by byte where no writer makes them."""

import io
import struct
import zlib

import numpy as np
from PIL import Image
from profiles import PROFILES

from helpers import noise_image

IMAGE = noise_image(7, 64, 48)
GRAY = np.asarray(IMAGE.convert("L"))
RGB = np.asarray(IMAGE)


def encoded(image: Image.Image, format: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def jpeg(marker: int, bits: int = 8, components: int = 3) -> bytes:
    """A JPEG that says how it is coded, and has no pixels."""
    parts = b"".join(bytes((n, 0x11, 0)) for n in range(components))
    frame = struct.pack(">BHHB", bits, 30, 40, components) + parts
    scan = bytes((components,)) + b"".join(bytes((n, 0)) for n in range(components)) + b"\0\x3f\0"
    segments = ((marker, frame), (0xDA, scan))
    said = b"".join(b"\xff" + bytes((m,)) + struct.pack(">H", len(d) + 2) + d for m, d in segments)
    return b"\xff\xd8" + said + bytes(64) + b"\xff\xd9"


def arithmetic_jpeg() -> bytes:
    """8x8 gray pixels with arithmetic coding, which makes something of any bytes."""
    table = b"\xff\xdb\0\x43\0" + b"\1" * 64
    frame = b"\xff\xc9\0\x0b\x08\0\x08\0\x08\1\1\x11\0"
    return b"\xff\xd8" + table + frame + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + bytes(16) + b"\xff\xd9"


def lossless_jpeg(width: int, height: int) -> bytes:
    """Gray pixels of 128 without loss: each is as predicted, which is one bit."""
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0"
    segments = ((0xC3, frame), (0xC4, b"\0" + bytes((1, *[0] * 15)) + b"\0"), (0xDA, b"\1\1\0\1\0\0"))
    said = b"".join(b"\xff" + bytes((m,)) + struct.pack(">H", len(d) + 2) + d for m, d in segments)
    return b"\xff\xd8" + said + bytes(width * height // 8 + 1) + b"\xff\xd9"


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def with_sbit(png: bytes, *bits: int) -> bytes:
    """A PNG with an sBIT chunk behind its header."""
    return png[:33] + png_chunk(b"sBIT", bytes(bits)) + png[33:]


def png_of_16_bits(pixels: np.ndarray) -> bytes:
    """A PNG of 16 bits: gray (H, W) or RGB (H, W, 3) uint16."""
    height, width = pixels.shape[:2]
    rows = pixels.astype(">u2").reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 16, 0 if pixels.ndim == 2 else 2, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def tiff(
    pixels: np.ndarray,
    order: str = "<",
    *,
    compression: int = 1,
    data: bytes | None = None,
    sub: dict[int, tuple[int, ...]] | None = None,
    **tags: int,
) -> bytes:
    """A TIFF of one strip.

    Args:
        pixels: (H, W) or (H, W, samples).
        order: of its bytes, < or >.
        compression: its number; 8 is done.
        data: the strip, when it is not these pixels.
        sub: the tags of a second directory, which the first one points to.
        **tags: `t262=1` and so on, in place of what the pixels say.
    """
    height, width = pixels.shape[:2]
    samples = 1 if pixels.ndim == 2 else pixels.shape[2]
    if data is None:
        data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
        data = zlib.compress(data) if compression == 8 else data
    kind = {"u": 1, "i": 2, "f": 3, "c": 6}[pixels.dtype.kind]
    entries = {
        256: (width,),
        257: (height,),
        258: (pixels.dtype.itemsize * 8,) * samples,
        259: (compression,),
        262: (2 if samples >= 3 else 1,),
        273: (8,),
        277: (samples,),
        278: (height,),
        279: (len(data),),
        339: (kind,) * samples,
        **{int(name[1:]): (value,) for name, value in tags.items()},
    }
    body = data + bytes(-len(data) % 2)
    if sub is not None:
        entries[330] = (8 + len(body),)
        body += _directory(sub, order, 8 + len(body))
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    return mark + struct.pack(f"{order}I", 8 + len(body)) + body + _directory(entries, order, 8 + len(body))


def _directory(entries: dict[int, tuple[int, ...]], order: str, begin: int) -> bytes:
    table, values = struct.pack(f"{order}H", len(entries)), b""
    after = begin + 2 + 12 * len(entries) + 4
    for tag, numbers in sorted(entries.items()):
        kind, letter = (3, "H") if tag in (258, 259, 262, 277, 284, 339) else (4, "I")
        packed = struct.pack(f"{order}{len(numbers)}{letter}", *numbers)
        if len(packed) > 4:
            packed, values = struct.pack(f"{order}I", after + len(values)), values + packed
        table += struct.pack(f"{order}HHI", tag, kind, len(numbers)) + packed.ljust(4, b"\0")
    return table + bytes(4) + values


def planes(pixels: np.ndarray) -> bytes:
    return np.moveaxis(pixels, 2, 0).tobytes()


def jpeg2000(*samples: int) -> bytes:
    """A JPEG 2000 whose components are said to have these Ssiz: bits - 1, and 128 for signed ones."""
    content = encoded(IMAGE, "JPEG2000", no_jp2=True)
    parts = b"".join(bytes((sample, 1, 1)) for sample in samples)
    size = struct.pack(">H", 38 + len(parts))
    return content[:4] + size + content[6:40] + struct.pack(">H", len(samples)) + parts + content[51:]


def bmp(bits: int, compression: int, masks: tuple[int, ...] = (), data: bytes = bytes(64)) -> bytes:
    fields = struct.pack(f"<{len(masks)}I", *masks)
    header = struct.pack("<IiiHHIIiiII", 40 + len(fields), 4, 4, 1, bits, compression, len(data), 0, 0, 0, 0)
    begin = 14 + len(header) + len(fields)
    return b"BM" + struct.pack("<IHHI", begin + len(data), 0, 0, begin) + header + fields + data


DEEP = GRAY.astype(np.uint16)
RAW_PARTS = {254: (0,), 256: (64,), 257: (48,), 258: (16,), 259: (1,), 262: (32803,), 273: (8,), 279: (64,)}
P3 = PROFILES["P3"]
TRANSPARENT = IMAGE.copy()
TRANSPARENT.putalpha(Image.linear_gradient("L").resize(IMAGE.size))
TURNED = Image.Exif()
TURNED[0x0112] = 6

VARIANTS: dict[str, list[bytes]] = {
    "JPEG: baseline, progressive": [encoded(IMAGE, "JPEG"), encoded(IMAGE, "JPEG", progressive=True)],
    "JPEG: arithmetic coding": [arithmetic_jpeg()],
    "JPEG: CMYK": [encoded(IMAGE.convert("CMYK"), "JPEG")],
    "JPEG: 12 bits": [jpeg(0xC1, 12), jpeg(0xC0, 12, 1)],
    "JPEG: lossless, 8 bits": [lossless_jpeg(64, 48)],
    "JPEG: lossless, more than 8 bits": [jpeg(0xC3, 16, 1), jpeg(0xC3, 12), jpeg(0xCB, 12)],
    "JPEG: hierarchical": [jpeg(0xC5)],
    "JPEG-LS": [jpeg(0xF7), jpeg(0xF7, 8, 1)],
    "PNG: 1 to 8 bits": [encoded(IMAGE, "PNG"), encoded(IMAGE.convert("P"), "PNG")],
    "PNG: 16 bits": [png_of_16_bits(RGB.astype(np.uint16) * 257)],
    "PNG: fewer bits in 16, with sBIT": [
        with_sbit(png_of_16_bits(DEEP * 4), 10),
        with_sbit(png_of_16_bits(DEEP * 16), 12),
    ],
    "PNG: fewer bits in 16, without sBIT": [png_of_16_bits(DEEP * 4), png_of_16_bits(RGB.astype(np.uint16) * 4)],
    "TIFF: uint8": [encoded(IMAGE, "TIFF"), encoded(IMAGE, "TIFF", compression="tiff_lzw"), tiff(RGB, ">")],
    "TIFF: gray of 16 or 32 bits": [
        *(tiff(DEEP * 257, order, compression=number) for order in "<>" for number in (1, 8)),
        tiff((DEEP * 128).astype(np.int16)),
        tiff(DEEP.astype(np.int32) * 257),
        tiff(DEEP.astype(np.uint32) << 23),
        tiff((GRAY / 255).astype(np.float32), ">"),
        tiff(255 - DEEP * 257, t262=0),
    ],
    "TIFF: fewer bits in 16, with MaxSampleValue": [
        tiff(DEEP * 4, t281=1023),
        tiff(DEEP * 16, ">", t281=4080),
        tiff(DEEP * 16, compression=8, t281=4095),
    ],
    "TIFF: fewer bits in 16, without it": [tiff(DEEP * 4), tiff(np.repeat(DEEP[..., None], 3, 2) * 16)],
    "TIFF: float, colour": [
        tiff((RGB / 255).astype(np.float32)),
        tiff((RGB / 255).astype(np.float32), compression=8),
    ],
    "TIFF: float of 16 or 64 bits": [tiff((GRAY / 255).astype(dtype)) for dtype in (np.float16, np.float64)],
    "TIFF: many bands": [tiff(np.repeat(GRAY[..., None], bands, 2)) for bands in (2, 7, 12)],
    "TIFF: int8, complex, 64 bits": [tiff(GRAY.astype(dtype)) for dtype in (np.int8, np.complex64, np.uint64)],
    "TIFF: 16 bits in planes": [tiff(RGB.astype(np.uint16), data=planes(RGB.astype(np.uint16)), t284=2)],
    "TIFF: float or signed, big-endian, compressed": [
        tiff((GRAY / 255).astype(np.float32), ">", compression=8),
        tiff(DEEP.astype(np.int16), ">", compression=8),
        tiff(DEEP.astype(np.int32), ">", compression=8),
    ],
    "TIFF: uncompressed YCbCr": [tiff(RGB, t262=6)],
    "TIFF: JPEG XL, JPEG 2000, WebP, LERC inside": [
        tiff(RGB, compression=number, data=bytes(999)) for number in (50002, 34712, 50001, 34887)
    ],
    "Camera raw": [
        tiff(RGB, sub=RAW_PARTS, t254=1),
        tiff(RGB, ">", sub=RAW_PARTS, t254=1),
        tiff(DEEP, t262=32803),
        tiff(RGB.astype(np.uint16), t262=34892),
        tiff(RGB, t50706=0x00000401),
        b"\0\0\0\x18ftypcrx " + bytes(64),
        b"FUJIFILMCCD-RAW " + bytes(64),
        b"IIRO\x08\0\0\0" + bytes(64),
        b"IIU\0\x18\0\0\0" + bytes(64),
    ],
    "JPEG 2000: 8 bits": [encoded(IMAGE, "JPEG2000"), encoded(IMAGE, "JPEG2000", no_jp2=True)],
    "JPEG 2000: gray of 10 to 16 bits": [encoded(Image.fromarray(DEEP * 257), "JPEG2000")],
    "JPEG 2000: colour of more than 8 bits": [jpeg2000(15, 15, 15), jpeg2000(8, 8, 8)],
    "JPEG 2000: signed, or more than 4 bands": [jpeg2000(0x87, 0x87, 0x87), jpeg2000(7, 7, 7, 7, 7)],
    "BMP": [encoded(IMAGE, "BMP"), encoded(IMAGE.convert("P"), "BMP")],
    "BMP: odd bit fields, JPEG or PNG inside": [
        bmp(16, 3, (0xF00, 0xF0, 0xF)),
        bmp(32, 3, (0x3FF00000, 0xFFC00, 0x3FF)),
        bmp(0, 4),
        bmp(0, 5),
        bmp(64, 0),
    ],
    "WebP": [encoded(IMAGE, "WEBP"), encoded(IMAGE, "WEBP", lossless=True)],
    "AVIF": [encoded(IMAGE, "AVIF")],
    "GIF": [encoded(IMAGE, "GIF")],
    "GIF, PNG, WebP, TIFF: several frames": [
        encoded(IMAGE, name, save_all=True, append_images=[IMAGE.transpose(Image.Transpose.ROTATE_180)])
        for name in ("GIF", "PNG", "WEBP", "TIFF")
    ],
    "PNM": [encoded(IMAGE, "PPM"), b"P6 64 48 1023\n" + (RGB.astype(">u2") * 4).tobytes()],
    "PNM: gray of 16 bits, gray PFM": [
        b"P5 64 48 65535\n" + (DEEP * 257).astype(">u2").tobytes(),
        b"Pf\n64 48\n-1.0\n" + (GRAY / 255).astype("<f4").tobytes(),
    ],
    "PAM, colour PFM": [
        b"P7\nWIDTH 64\nHEIGHT 48\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n" + RGB.tobytes(),
        b"PF\n64 48\n-1.0\n" + (RGB / 255).astype("<f4").tobytes(),
    ],
    "JPEG XL": [b"\xff\x0a" + bytes(64), b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(64)],
    "JPEG XR, OpenEXR, HDR, QOI, DDS, FITS": [
        magic + bytes(64)
        for magic in (b"II\xbc\x01", b"\x76\x2f\x31\x01", b"#?RADIANCE\n", b"qoif", b"DDS ", b"SIMPLE  =")
    ],
    "ICO, PSD, PDF, PostScript": [
        magic + bytes(64) for magic in (b"\0\0\1\0", b"8BPS", b"%PDF-1.7\n", b"%!PS-Adobe-3.0\n")
    ],
    "any, partly transparent": [encoded(TRANSPARENT, name) for name in ("PNG", "WEBP", "TIFF", "AVIF")],
    "JPEG, PNG, WebP: turned by EXIF": [encoded(IMAGE, name, exif=TURNED) for name in ("JPEG", "PNG", "WEBP")],
    "any, with a colour profile other than sRGB": [
        encoded(IMAGE, name, icc_profile=P3) for name in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")
    ],
}
"""A row of the table in docs/inputs.md → files of it."""
