"""Opening: the colour policy, orientation, limits, and a named error for everything else."""

import io
import os
import socket
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from eyeful.errors import ImageError
from eyeful.images import Limits, open_item
from eyeful.images.transform import resized_size
from eyeful.preprocessing import Preprocessing
from eyeful.types import Item
from helpers import noise_image


def encoded(image: Image.Image, format: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def opened(content, limits: Limits | None = None):
    with open_item(Item("it", content), limits or Limits()) as found:
        return np.asarray(found.image), found.warnings


def kind_of(content, limits: Limits | None = None) -> str:
    with pytest.raises(ImageError) as caught:
        opened(content, limits)
    assert "\n" not in str(caught.value)
    return caught.value.kind


def png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 99))
        + chunk(b"IEND", b"")
    )


def jpeg_frame(marker: int, bits: int, components: int = 3) -> bytes:
    """A JPEG that says how it is coded, and has no pixels."""
    parts = b"".join(bytes((n, 0x11, 0)) for n in range(components))
    frame = struct.pack(">BHHB", bits, 30, 40, components) + parts
    scan = bytes((components,)) + b"".join(bytes((n, 0)) for n in range(components)) + b"\0\x3f\0"
    segments = ((marker, frame), (0xDA, scan))
    return (
        b"\xff\xd8"
        + b"".join(b"\xff" + bytes((m,)) + struct.pack(">H", len(d) + 2) + d for m, d in segments)
        + bytes(64)
    )


def many_bands() -> bytes:
    """A TIFF of 4x1 pixels with 7 samples each."""
    tags = {
        256: (3, 4),
        257: (3, 1),
        258: (3, 8),
        259: (3, 1),
        262: (3, 1),
        273: (4, 200),
        277: (3, 7),
        279: (4, 28),
    }
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, (kind, value) in tags.items())
    return (b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)).ljust(228, b"\0")


def bmp_with_odd_bit_fields() -> bytes:
    fields = struct.pack("<IIII", 0xF00, 0x0F0, 0x00F, 0)
    header = struct.pack("<IiiHHIIiiII", 56, 4, 1, 1, 32, 3, 16, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 86, 0, 0, 70) + header + fields + bytes(16)


RGB = noise_image(0, 40, 30)


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM", "WEBP", "GIF", "JPEG2000", "AVIF", "JPEG"])
def test_every_allowed_format_opens(format):
    pixels, _ = opened(encoded(RGB, format))
    assert pixels.shape == (30, 40, 3)
    assert np.abs(pixels.astype(int) - np.asarray(RGB)).mean() < 12


def test_rgb_is_untouched():
    pixels, warnings = opened(encoded(RGB))
    assert np.array_equal(pixels, np.asarray(RGB))
    assert warnings == ()


def test_grayscale_gets_equal_channels():
    gray = RGB.convert("L")
    pixels, warnings = opened(encoded(gray))
    assert np.array_equal(pixels, np.asarray(gray.convert("RGB")))
    assert warnings == ("grayscale",)


def test_sixteen_bit_is_scaled_not_clipped():
    values = np.linspace(0, 65535, 40 * 30).reshape(30, 40).astype(np.uint16)
    pixels, warnings = opened(encoded(Image.fromarray(values)))
    assert np.array_equal(pixels[..., 0], np.rint(values / 257).astype(np.uint8))
    assert set(warnings) == {"sixteen_bit_scaled", "grayscale"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 0.5, 1]], np.float32), [0, 128, 255]),
        (np.array([[0, 100, 255]], np.float32), [0, 100, 255]),
        (np.array([[-10, 0, 10]], np.float32), [0, 128, 255]),
        (np.array([[0, 257, 65535]], np.int32), [0, 1, 255]),
    ],
)
def test_float_and_integer_images_keep_their_range(values, expected):
    pixels, warnings = opened(encoded(Image.fromarray(values), "TIFF"))
    assert pixels[0, :, 0].tolist() == expected
    assert "sixteen_bit_scaled" in warnings


def test_cmyk_is_converted():
    cmyk = RGB.convert("CMYK")
    pixels, warnings = opened(encoded(cmyk, "TIFF"))
    assert np.array_equal(pixels, np.asarray(cmyk.convert("RGB")))
    assert warnings == ("cmyk_converted",)


def test_alpha_is_composited_on_white():
    rgba = RGB.convert("RGBA")
    rgba.putalpha(0)
    pixels, warnings = opened(encoded(rgba))
    assert (pixels == 255).all()
    assert warnings == ("alpha_composited",)


def test_an_opaque_alpha_changes_nothing():
    pixels, warnings = opened(encoded(RGB.convert("RGBA")))
    assert np.array_equal(pixels, np.asarray(RGB))
    assert warnings == ()


def test_a_palette_with_alpha_of_its_own_is_expanded_on_white():
    rgba = Image.new("RGBA", (8, 8), (200, 30, 30, 255))
    rgba.paste((0, 0, 0, 0), (0, 0, 4, 8))
    palette = rgba.quantize(8)
    assert (palette.mode, palette.palette.mode, "transparency" in palette.info) == ("P", "RGBA", False)
    with open_item(Item("it", palette)) as found:
        assert found.image.getpixel((0, 0)) == (255, 255, 255)
        assert "alpha_composited" in found.warnings


@pytest.mark.parametrize(("white", "is_dark"), [(1, True), (2, False), (0, False)])
def test_an_array_of_0_and_1_is_said_to_be_dark(white, is_dark):
    array = np.zeros((8, 8, 3), np.uint8)
    array[:4] = white
    with open_item(Item("it", array)) as found:
        assert ("dark:0.00" in found.warnings) == is_dark


def test_a_few_marks_do_not_hide_that_an_image_is_dark():
    deep = np.full((100, 100), 4000, np.uint16)
    deep[0, :5] = 65535
    with open_item(Item("it", Image.fromarray(deep))) as found:
        assert "dark:0.06" in found.warnings
    deep[:20] = 65535
    with open_item(Item("it", Image.fromarray(deep))) as found:
        assert not [warning for warning in found.warnings if warning.startswith("dark")]


def test_a_palette_with_transparency_is_expanded_on_white():
    palette = Image.new("P", (4, 1))
    palette.putpalette([255, 0, 0, 0, 255, 0])
    palette.putdata([0, 1, 0, 1])
    pixels, warnings = opened(encoded(palette, transparency=1))
    assert pixels[0].tolist() == [[255, 0, 0], [255, 255, 255]] * 2
    assert warnings == ("alpha_composited",)


def test_the_first_frame_of_an_animation():
    pixels, warnings = opened(encoded(RGB, "GIF", save_all=True, append_images=[noise_image(1, 40, 30)]))
    assert np.abs(pixels.astype(int) - np.asarray(RGB)).mean() < 12
    assert "first_frame_of_n" in warnings


@pytest.mark.parametrize("orientation", range(10))
def test_exif_orientation_is_applied(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels, warnings = opened(encoded(RGB, exif=exif))
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(encoded(RGB, exif=exif))))
    assert np.array_equal(pixels, np.asarray(upright))
    assert ("exif_rotated" in warnings) == (2 <= orientation <= 8)


def test_images_and_arrays_open_too():
    assert np.array_equal(opened(RGB)[0], np.asarray(RGB))
    assert np.array_equal(opened(np.asarray(RGB))[0], np.asarray(RGB))


JPEG = encoded(noise_image(5, 200, 200), "JPEG")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty"),
        (b"not an image at all, but long enough to be one", "unidentified"),
        (b"\xff\xd8", "unidentified"),
        (b"\x89PNG\r\n\x1a\n", "unidentified"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'></svg>" * 2, "unidentified"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n", "unsupported_format"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64), "truncated"),
        (JPEG[: len(JPEG) // 100 + 40], "truncated"),
        (JPEG[: len(JPEG) // 2], "truncated"),
        (encoded(RGB)[:200], "truncated"),
        (png_header(20000, 20000), "too_large"),
        (png_header(2**31 - 1, 2**31 - 1), "too_large"),
        (png_header(13300, 13300), "too_large"),
        (png_header(65000, 1), "aspect"),
        (png_header(1, 65000), "aspect"),
        (jpeg_frame(0xC3, 8), "unsupported_format"),
        (jpeg_frame(0xC1, 12), "unsupported_format"),
        (jpeg_frame(0xC0, 8, components=2), "unsupported_format"),
        (jpeg_frame(0xC0, 8), "truncated"),
        (many_bands(), "unsupported_format"),
        (bmp_with_odd_bit_fields(), "unsupported_format"),
    ],
)
def test_what_is_no_image_is_a_named_error(content, kind):
    assert kind_of(content) == kind


def test_max_pixels_is_a_limit_of_the_users():
    assert kind_of(RGB, Limits(max_pixels=100)) == "too_large"


def test_files_that_cannot_be_read(tmp_path):
    assert kind_of(tmp_path / "none.jpg") == "not_found"
    assert kind_of(tmp_path / "x.jpg" / "y.jpg") == "not_found"
    assert kind_of(tmp_path) == "not_regular"
    (tmp_path / "empty.jpg").touch()
    assert kind_of(tmp_path / "empty.jpg") == "empty"
    os.mkfifo(tmp_path / "fifo.jpg")
    assert kind_of(tmp_path / "fifo.jpg") == "not_regular"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(tmp_path / "socket.jpg"))
        assert kind_of(tmp_path / "socket.jpg") == "not_regular"
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    assert kind_of(tmp_path / "zero.jpg") == "not_regular"
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    assert kind_of(tmp_path / "loop.jpg") == "unreadable"


PREPROCESSING = Preprocessing((64, 64), (73, 73), "bilinear", (0.5,) * 3, (0.5,) * 3)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_jpeg_is_decoded_at_a_reduced_scale_of_at_least_twice_the_target(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    jpeg = encoded(noise_image(6, 1600, 1200), "JPEG", exif=exif)
    with open_item(Item("it", jpeg), Limits(), reduce_for=PREPROCESSING) as found:
        assert min(found.image.size) == 150
        assert found.full_size == ((1600, 1200) if orientation == 6 else (1200, 1600))
    with open_item(Item("it", jpeg), Limits()) as found:
        assert min(found.image.size) == 1200


def test_all_pixels_of_the_file_count_against_the_limit_at_whatever_scale_it_is_decoded():
    jpeg = encoded(noise_image(6, 1600, 1200), "JPEG")
    for limits, kinds in ((Limits(max_pixels=1_900_000), ["too_large"] * 2), (Limits(max_pixels=1_920_000), [])):
        failed = []
        for reduce_for in (None, PREPROCESSING):
            try:
                with open_item(Item("it", jpeg), limits, reduce_for=reduce_for):
                    pass
            except ImageError as error:
                failed.append(error.kind)
        assert failed == kinds, "exact and fast accept the same files"


def test_a_callers_image_is_left_as_it_is(tmp_path):
    noise_image(6, 1600, 1200).save(tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as mine:
        with open_item(Item("it", mine), Limits(), reduce_for=PREPROCESSING) as found:
            assert found.image.size == (1600, 1200)
        assert mine.size == (1600, 1200)


@pytest.mark.parametrize("mode", ["center", "squash", "border"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_reduced_decode_leaves_twice_the_target_on_both_sides_either_way_up(mode, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    jpeg = encoded(noise_image(6, 1600, 1200), "JPEG", exif=exif)
    oblong = Preprocessing((40, 150), (50, 190), "bilinear", (0.5,) * 3, (0.5,) * 3, mode)
    with open_item(Item("it", jpeg), Limits(), reduce_for=oblong) as found:
        height, width = resized_size(found.full_size, oblong)
        assert found.image.height >= 2 * height
        assert found.image.width >= 2 * width
