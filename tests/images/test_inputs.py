"""The table of image files in docs/inputs.md, row by row; and `truncated` means that bytes are missing or damaged."""

import re
import subprocess
import sys
from itertools import chain
from pathlib import Path

import numpy as np
import PIL
import pytest
from variants import GRAY, IMAGE, RGB, VARIANTS, encoded, lossless_jpeg, tiff

from eyeful.errors import ImageError
from eyeful.images import open_item
from eyeful.types import Item

DOCUMENT = Path(__file__).parents[2] / "docs" / "inputs.md"


def table() -> dict[str, tuple[str, str]]:
    """What the document says of each variant: what becomes of it, and what is said."""
    section = DOCUMENT.read_text(encoding="utf-8").split("## Image files\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if line[:2] == "| "]
    found = {}
    for name, outcome, said in rows[1:]:
        usual, _, newer = outcome.partition(" (Pillow 13: ")
        is_newer = bool(newer) and int(PIL.__version__.partition(".")[0]) >= 13
        found[name] = (newer.rstrip(")"), "") if is_newer else (usual, said)
    return found


def outcome_of(content: bytes) -> tuple[str, str]:
    """`read` and the warnings, or the error's kind and text."""
    try:
        with open_item(Item("it", content)) as opened:
            return "read", " ".join(opened.warnings)
    except ImageError as error:
        return error.kind, str(error)


def test_every_variant_is_in_the_table_and_made_here():
    assert list(table()) == list(VARIANTS)


@pytest.mark.parametrize("name", VARIANTS)
def test_the_table_is_true(name):
    outcome, said = table()[name]
    promised = [re.escape(text) for text in re.findall(r"`([^`]+)`", said)]
    for content in VARIANTS[name]:
        found, text = outcome_of(content)
        assert f"`{found}`" == outcome if found != "read" else outcome == "read", text
        assert "\n" not in text
        if found == "read":
            names = {warning.partition(":")[0] for warning in text.split()}
            assert names - {"grayscale"} == {
                warning.partition(":")[0] for warning in re.findall(r"`([^`]+)`", said)
            }
        else:
            assert any(re.search(words, text) for words in promised), text


@pytest.mark.parametrize(
    "name",
    [
        "PNG: fewer bits in 16, with sBIT",
        "TIFF: fewer bits in 16, with MaxSampleValue",
        "TIFF: gray of 16 or 32 bits",
    ],
)
def test_deep_gray_is_as_bright_as_it_was_in_8_bits(name):
    for content in VARIANTS[name]:
        with open_item(Item("it", content)) as opened:
            found = np.asarray(opened.image)[..., 0].astype(int)
        stretched = (GRAY.astype(float) - GRAY.min()) * 255 / (int(GRAY.max()) - int(GRAY.min()))
        nearest = min(
            np.abs(found - GRAY).max(), np.abs(found - stretched).max(), np.abs(found - (255 - GRAY)).max()
        )
        assert nearest <= 1


WHOLE = {
    "JPEG": encoded(IMAGE, "JPEG"),
    "PNG": encoded(IMAGE, "PNG"),
    "WEBP": encoded(IMAGE, "WEBP"),
    "AVIF": encoded(IMAGE, "AVIF"),
    "GIF": encoded(IMAGE, "GIF"),
    "TIFF": encoded(IMAGE, "TIFF"),
    "TIFF, LZW": encoded(IMAGE, "TIFF", compression="tiff_lzw"),
    "TIFF, float": b"II*\0" + tiff((RGB / 255).astype(np.float32))[4:],
    "JPEG2000": encoded(IMAGE, "JPEG2000"),
    "codestream": encoded(IMAGE, "JPEG2000", no_jp2=True),
    "BMP": encoded(IMAGE, "BMP"),
    "PPM": encoded(IMAGE, "PPM"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_cut_file_is_truncated(name):
    content = WHOLE[name]
    assert outcome_of(content[: len(content) // 2])[0] == "truncated"


def test_damaged_pixels_are_truncated():
    content = bytearray(WHOLE["PNG"])
    content[len(content) // 2] ^= 0xFF
    assert outcome_of(bytes(content))[0] == "truncated"


def test_a_lossless_jpeg_is_not_reduced(tmp_path):
    """Pillow's process would crash."""
    (tmp_path / "a.jpg").write_bytes(lossless_jpeg(1600, 1200))
    code = (
        "import sys; from pathlib import Path; from eyeful.images import open_item; from eyeful.types import Item\n"
        "from eyeful.preprocessing import Preprocessing\n"
        "small = Preprocessing((64, 64), (73, 73), 'bilinear', (0.5,) * 3, (0.5,) * 3)\n"
        "with open_item(Item('a', Path(sys.argv[1])), reduce_for=small) as found:\n"
        "    print(found.image.size, found.image.getpixel((800, 600)))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.jpg")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "(1600, 1200) (128, 128, 128)\n"


@pytest.mark.slow
def test_nothing_but_rows_is_said(tmp_path):
    """No library prints on standard error, not past Python either."""
    for number, content in enumerate(chain(*VARIANTS.values(), WHOLE.values())):
        (tmp_path / f"{number}.whole").write_bytes(content)
        (tmp_path / f"{number}.cut").write_bytes(content[: 3 * len(content) // 5])
    code = (
        "import sys; from pathlib import Path; from eyeful.errors import ImageError\n"
        "from eyeful.images import open_item; from eyeful.types import Item\n"
        "for path in sorted(Path(sys.argv[1]).iterdir()):\n"
        "    try:\n"
        "        with open_item(Item(path.name, path)): pass\n"
        "    except ImageError as error: print(error.kind)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "internal" not in done.stdout
