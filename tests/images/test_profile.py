"""Colour profiles: a warning always, sRGB where it can be had, and no word where nothing deviates."""

import io
import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageCms
from profiles import PROFILES, gray_profile, rgb_profile
from variants import png_chunk

from eyeful.images import Limits
from eyeful.predictor.preprocess import Preprocessor
from eyeful.preprocessing import Preprocessing
from eyeful.types import Item
from helpers import noise_image

PREPROCESSING = Preprocessing((64, 64), (73, 73), "bilinear", (0.5,) * 3, (0.5,) * 3)
IMAGE = noise_image(3, 240, 200)


def converted(image: Image.Image, icc: bytes) -> Image.Image:
    """An sRGB image in the colours of a profile."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    mode = "L" if icc[16:20] == b"GRAY" else "RGB"
    return ImageCms.ImageCmsTransform(srgb, profile, "RGB", mode).apply(image)


def encoded(image: Image.Image, format: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def preprocessed(content, preprocessing=PREPROCESSING, **options):
    found = Preprocessor(preprocessing, Limits(), **options)(Item("it", content))
    assert found.error is None
    return found.pixels_HWC.astype(int), found.warnings


PLAIN, _ = preprocessed(encoded(IMAGE))
EXACT = {"full_decode": True, "two_step_resize": True, "ignore_profile": True}


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("PNG", {}),
        ("JPEG", {"quality": 95, "subsampling": 0}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("AVIF", {"quality": 95, "subsampling": "4:4:4"}),
    ],
)
def test_other_colours_are_converted_but_in_the_exact_way(name, format, options):
    icc = PROFILES[name]
    content = encoded(converted(IMAGE, icc), format, icc_profile=icc, **options)
    without = encoded(converted(IMAGE, icc), format, **options)
    found, warnings = preprocessed(content)
    assert warnings == ("colour_profile", "srgb_converted")
    assert np.abs(found - PLAIN).mean() < (6 if name in ("linear", "ProPhoto") else 2.5)
    ignored, warnings = preprocessed(content, **EXACT)
    assert warnings == ("colour_profile",)
    assert np.array_equal(ignored, preprocessed(without, **EXACT)[0]), "to the bit"
    assert np.abs(ignored - PLAIN).mean() > 1.5 * np.abs(found - PLAIN).mean()


@pytest.mark.parametrize(
    "icc",
    [
        rgb_profile(),
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        None,
        b"",
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_srgb_needs_no_word_and_no_conversion(icc, mode):
    image = IMAGE.convert(mode)
    found, warnings = preprocessed(encoded(image, icc_profile=icc))
    expected, expected_warnings = preprocessed(encoded(image))
    assert warnings == expected_warnings
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    ("mode", "icc"),
    [
        ("L", PROFILES["Adobe"]),
        ("RGB", gray_profile(1.0)),
        ("RGB", PROFILES["Adobe"][:16] + b"CMYK" + PROFILES["Adobe"][20:]),
        ("RGB", PROFILES["Adobe"][:300]),
        ("RGB", b"no profile at all"),
        ("RGB", bytes(5 << 20)),
    ],
    ids=["colour in gray", "gray in colour", "CMYK", "cut", "text", "huge"],
)
def test_a_profile_that_cannot_be_used_is_told_and_not_converted(mode, icc):
    image = IMAGE.convert(mode)
    found, warnings = preprocessed(encoded(image, "TIFF", icc_profile=icc))
    expected, expected_warnings = preprocessed(encoded(image, "TIFF"))
    assert warnings == (*expected_warnings, "colour_profile")
    assert np.array_equal(found, expected)


def test_a_gray_profile_is_used_for_gray():
    icc = gray_profile(1.0)
    found, warnings = preprocessed(encoded(converted(IMAGE, icc), icc_profile=icc))
    assert warnings == ("grayscale", "colour_profile", "srgb_converted")
    assert (found == found[..., :1]).all()
    luminance = np.asarray(IMAGE.convert("L").resize((73, 61)), dtype=float)
    assert abs(found.mean() - luminance.mean()) < 8


def test_printing_colours_stay_as_they_are():
    cmyk = IMAGE.convert("CMYK")
    with_profile = preprocessed(encoded(cmyk, "TIFF", icc_profile=PROFILES["Adobe"]))
    plain = preprocessed(encoded(cmyk, "TIFF"))
    assert with_profile[1] == plain[1] == ("cmyk_converted",)
    assert np.array_equal(with_profile[0], plain[0])


def png_with(name: bytes, data: bytes) -> bytes:
    content = encoded(IMAGE)
    return content[:33] + png_chunk(name, data) + content[33:]


def avif_with(primaries: int, transfer: int) -> bytes:
    content = bytearray(encoded(IMAGE, "AVIF"))
    begin = content.index(b"colrnclx") + 8
    content[begin : begin + 4] = struct.pack(">HH", primaries, transfer)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (png_with(b"gAMA", struct.pack(">I", 100000)), True),
        (png_with(b"gAMA", struct.pack(">I", 55556)), True),
        (png_with(b"gAMA", struct.pack(">I", 45455)), False),
        (png_with(b"cICP", bytes((12, 13, 0, 1))), True),
        (png_with(b"cICP", bytes((9, 16, 0, 1))), True),
        (png_with(b"cICP", bytes((1, 13, 0, 1))), False),
        (avif_with(12, 13), True),
        (avif_with(9, 16), True),
        (avif_with(1, 13), False),
    ],
    ids=["linear", "1.8", "2.2", "PNG P3", "PNG PQ", "PNG sRGB", "AVIF P3", "AVIF PQ", "AVIF sRGB"],
)
def test_other_colours_without_a_profile_are_told(content, told):
    found, warnings = preprocessed(content)
    assert warnings == (("colour_profile",) if told else ())
    assert np.abs(found - PLAIN).mean() < 3


def test_padding_is_not_converted():
    wide = noise_image(4, 200, 100)
    border = PREPROCESSING.with_options(crop_mode="border", crop_pct=1.0)
    content = encoded(wide, icc_profile=PROFILES["ProPhoto"])
    found, _ = preprocessed(content, border)
    assert np.array_equal(found[0], preprocessed(encoded(wide), border)[0][0])


def test_what_was_resized_and_then_converted_agrees_with_the_opposite_order():
    icc = PROFILES["Adobe"]
    stored = converted(IMAGE, icc)
    found, _ = preprocessed(encoded(stored, icc_profile=icc))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    first = ImageCms.ImageCmsTransform(ImageCms.ImageCmsProfile(io.BytesIO(icc)), srgb, "RGB", "RGB").apply(stored)
    assert np.abs(found - preprocessed(encoded(first))[0]).mean() < 1


def test_threads_share_what_converts():
    contents = [encoded(noise_image(seed, 240, 200), icc_profile=PROFILES["Adobe"]) for seed in range(8)]
    alone = [preprocessed(content)[0] for content in contents]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            for found, expected in zip(pool.map(preprocessed, contents), alone, strict=True):
                assert np.array_equal(found[0], expected)


def test_a_callers_image_is_answered_as_its_file():
    content = encoded(converted(IMAGE, PROFILES["P3"]), icc_profile=PROFILES["P3"])
    found, warnings = preprocessed(Image.open(io.BytesIO(content)))
    expected, expected_warnings = preprocessed(content)
    assert warnings == expected_warnings
    assert np.array_equal(found, expected)
