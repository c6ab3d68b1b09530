"""What a file's first bytes say it is: to tell a broken image from something else, and help a person."""

OPENED = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "HEIF")
"""Pillow's names of the formats that are ever decoded. EPS and other script formats are not: Pillow would start
Ghostscript."""

RAW_FORMAT = "camera raw"

_SIGNATURES = (  # (offset, magic, what it is)
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WEBP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"II+\0", "TIFF"),  # BigTIFF
    (0, b"MM\0+", "TIFF"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftypavis", "AVIF"),
    (4, b"jP  \r\n\x87\n", "JPEG2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG2000"),  # the codestream alone
    *(
        (4, b"ftyp" + brand, "HEIF")
        for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
    ),
    (0, b"8BPS", "Photoshop"),
    (0, b"%!PS", "PostScript"),
    (0, b"%PDF", "PDF"),
    (0, b"\xff\x0a", "JPEG XL"),
    (4, b"JXL ", "JPEG XL"),
    (0, b"\x00\x00\x01\x00", "ICO"),
    (0, b"II\xbc\x01", "JPEG XR"),
    (0, b"\x76\x2f\x31\x01", "OpenEXR"),
    (0, b"#?RADIANCE", "Radiance HDR"),
    (0, b"#?RGBE", "Radiance HDR"),
    (0, b"qoif", "QOI"),
    (0, b"DDS ", "DDS"),
    (0, b"SIMPLE  =", "FITS"),
    (0, b"gimp xcf", "GIMP"),
    (0, b"P7\n", "PAM"),
    (0, b"PF\n", "colour PFM"),
    (4, b"ftypcrx ", RAW_FORMAT),  # Canon CR3
    (0, b"FUJIFILMCCD-RAW", RAW_FORMAT),
    *((0, magic, RAW_FORMAT) for magic in (b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"\0MRM")),
)

_SHORTEST_HEADER = 32
"""Bytes: less than this is a signature with nothing behind it, not an image that was cut."""

_NOT_IMAGES = (
    (b"version https://git-lfs", ": a Git LFS pointer; `git lfs pull` fetches the image"),
    (b"<!doctype html", ": a web page, perhaps a failed download"),
    (b"<html", ": a web page, perhaps a failed download"),
    (b"<svg", ": SVG is a drawing, not pixels"),
    (b"<?xml", ": XML, perhaps an SVG drawing"),
    (b"pk\x03\x04", ": a zip archive"),
    (b"\x1f\x8b", ": gzip data"),
)


def name_of_signature(head: bytes) -> str | None:
    """The format that the first bytes of a file claim, or None.

    Args:
        head: the first 64 bytes of the file, or all of it.
    """
    if len(head) < _SHORTEST_HEADER:
        return None
    for offset, magic, name in _SIGNATURES:
        if head[offset : offset + len(magic)] == magic:
            return name
    return None


def begins_like_an_image(head: bytes) -> bool:
    """Whether a file without an extension is taken for an image when a folder is searched."""
    return head.startswith(b"BM") or any(
        head[offset : offset + len(magic)] == magic for offset, magic, name in _SIGNATURES if name in OPENED
    )


def why_not_an_image(head: bytes) -> str:
    """What to add to an error, when the first bytes give a hint."""
    start = head.lstrip().lower()
    return next((hint for magic, hint in _NOT_IMAGES if start.startswith(magic)), "")
