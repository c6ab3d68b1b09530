"""What images cost in resident memory, measured: never beyond what was reserved for them."""

import io
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from eyeful.errors import ImageError
from eyeful.images import open_item
from eyeful.images.cost import decoding_bytes
from eyeful.images.identify import identify
from eyeful.types import Item
from helpers import noise_image

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

# The peak is cleared first: as ru_maxrss it survives fork and exec, and would be that of the test process.
MEASURED = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from eyeful.errors import ImageError
from eyeful.images import open_item, resize_and_crop_fast
from eyeful.images.budget import MemoryBudget
from eyeful.preprocessing import Preprocessing
from eyeful.types import Item

def peak():
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) >> 10

workers, budget, times, names = int(sys.argv[1]), MemoryBudget(int(sys.argv[2]) << 20), int(sys.argv[3]), sys.argv[4:]
preprocessing = Preprocessing((224, 224), (256, 256), "bicubic", (0.5,) * 3, (0.5,) * 3)

def row(name):
    try:
        with open_item(Item(name, Path(name)), None, budget, preprocessing) as opened:
            resize_and_crop_fast(opened.image, opened.full_size, preprocessing)
            return "ok"
    except ImageError as error:
        return error.kind

open("/proc/self/clear_refs", "w").write("5")
before = peak()
with ThreadPoolExecutor(workers) as pool:
    rows = list(pool.map(row, names * times))
print(before, peak(), *rows)
"""


def measured(workers: int, budget: int, names: list, times: int = 1) -> tuple[int, int, list[str]]:
    """Peak MB before and after, and the rows."""
    arguments = [sys.executable, "-c", MEASURED, workers, budget, times, *names]
    done = subprocess.run(list(map(str, arguments)), capture_output=True, text=True, check=True)
    before, after, *rows = done.stdout.split()
    return int(before), int(after), rows


def flat_png(width: int, height: int) -> bytes:
    """Half transparent RGBA, all of one colour: tiny."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    row = b"\0" + b"\x40\x80\xc0\x80" * width
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def progressive(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (9, 99, 199)).save(buffer, "JPEG", progressive=True, subsampling=0)
    return buffer.getvalue()


@pytest.mark.slow
def test_sixteen_workers_stay_within_the_budget(tmp_path):
    """The small brother of the slow test below: 16 images of 32 to 48 MB, with 100 MB for all."""
    (tmp_path / "a.png").write_bytes(flat_png(2400, 2000))
    (tmp_path / "b.jpg").write_bytes(progressive(3000, 2000))
    before, after, rows = measured(16, 100, [tmp_path / "a.png", tmp_path / "b.jpg"], 8)
    assert rows == ["ok"] * 16
    assert after - before < 160


@pytest.mark.slow
def test_bombs_of_88_megapixels_through_16_workers(tmp_path):
    (tmp_path / "a.png").write_bytes(flat_png(9400, 9400))
    (tmp_path / "b.jpg").write_bytes(progressive(13000, 13000))
    (tmp_path / "c.jpg").write_bytes(progressive(9400, 9400))
    _, after, rows = measured(16, 1024, [*[tmp_path / "a.png"] * 24, tmp_path / "b.jpg", tmp_path / "c.jpg"])
    assert rows == [*["ok"] * 24, "too_large", "ok"]
    assert after < 1700
    _, after, rows = measured(8, 1024, [tmp_path / "c.jpg"] * 8)
    assert rows == ["ok"] * 8
    assert after < 1536


def cost_of(image: Image.Image, format: str, reduced: bool = False, **options) -> float:
    """Bytes for each pixel of the file."""
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    opened = identify(buffer)
    if reduced:
        opened.draft(None, (opened.width // 8, opened.height // 8))
    return decoding_bytes(opened, image.size) / (image.width * image.height)


def test_a_progressive_jpeg_costs_its_full_size_at_any_scale():
    image = noise_image(0, 800, 640)
    assert cost_of(image, "JPEG", reduced=True) < 2.1
    assert cost_of(image, "JPEG", reduced=True, progressive=True, subsampling=0) > 6
    assert 3 < cost_of(image, "JPEG", reduced=True, progressive=True, subsampling=2) < 6


def test_so_does_a_jpeg_whose_components_come_one_after_the_other():
    buffer = io.BytesIO()
    noise_image(0, 800, 640).save(buffer, "JPEG")
    content = bytearray(buffer.getvalue())
    content[content.index(b"\xff\xda") + 4] = 1  # components in the first scan
    opened = identify(io.BytesIO(content))
    opened.draft(None, (100, 80))
    assert decoding_bytes(opened, (800, 640)) > 3 * 800 * 640


def test_a_jpeg_with_sampling_factors_of_0_is_damaged():
    """libFuzzer found it: a division by them was an internal error."""
    buffer = io.BytesIO()
    noise_image(0, 80, 64).save(buffer, "JPEG", progressive=True)
    content = bytearray(buffer.getvalue())
    header = content.index(b"\xff\xc2")
    for component in range(3):
        content[header + 11 + 3 * component] = 0
    with pytest.raises(ImageError) as caught, open_item(Item("a.jpg", bytes(content))):
        pass
    assert caught.value.kind == "truncated"


@pytest.mark.parametrize(
    ("format", "mode", "options"),
    [
        pytest.param("PNG", "RGB", {}, marks=pytest.mark.slow),
        pytest.param("PNG", "RGBA", {}, marks=pytest.mark.slow),
        ("PNG", "P", {}),
        pytest.param("PNG", "I;16", {}, marks=pytest.mark.slow),
        ("TIFF", "F", {}),
        pytest.param("TIFF", "RGB", {"compression": "tiff_lzw"}, marks=pytest.mark.slow),
        pytest.param("TIFF", "CMYK", {}, marks=pytest.mark.slow),
        ("JPEG", "RGB", {"progressive": True}),
        pytest.param("JPEG", "CMYK", {}, marks=pytest.mark.slow),
        pytest.param("WEBP", "RGBA", {"method": 0}, marks=pytest.mark.slow),
        pytest.param("AVIF", "RGB", {"speed": 10}, marks=pytest.mark.slow),
        pytest.param("JPEG2000", "RGB", {}, marks=pytest.mark.slow),
    ],
)
def test_what_is_reserved_covers_what_is_spent(format, mode, options, tmp_path):
    image = noise_image(0, 320, 240).resize((1920, 1600))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    elif mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    else:
        image = image.convert(mode)
    path = tmp_path / f"a.{format}"
    image.save(path, format, **options)
    with path.open("rb") as file:
        reserved = (decoding_bytes(identify(file), image.size) + path.stat().st_size) >> 20
    before, after, rows = measured(1, 1024, [path])
    assert rows == ["ok"]
    assert after - before <= reserved + 6, "MB; and what an import brings"
