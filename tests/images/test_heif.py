"""HEIC with its extra, and the row that says how to get it."""

import io

import pytest
from PIL import Image
from profiles import PROFILES

from eyeful.errors import ImageError
from eyeful.images import identify as identifying
from eyeful.images import open_item
from eyeful.types import Item
from helpers import noise_image


@pytest.fixture(scope="module")
def heic() -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    buffer = io.BytesIO()
    noise_image(1, 120, 80).save(buffer, "HEIF", quality=90)
    return buffer.getvalue()


def opened(content: bytes):
    with open_item(Item("a.heic", content)) as found:
        return found


def test_a_heic_image_is_opened(heic):
    found = opened(heic)
    assert found.image.size == (120, 80)
    assert found.image.mode == "RGB"


def test_colours_of_a_phone_are_converted(heic):
    """Phones write Display P3."""
    buffer = io.BytesIO()
    noise_image(1, 120, 80).save(buffer, "HEIF", quality=90, icc_profile=PROFILES["P3"])
    found = opened(buffer.getvalue())
    assert found.warnings == ("colour_profile",)
    assert found.to_srgb is not None


def test_a_cut_heic_is_truncated(heic):
    with pytest.raises(ImageError) as failed:
        opened(heic[: len(heic) // 2])
    assert failed.value.kind == "truncated"


def test_without_the_extra_the_row_says_what_installs_it(heic, monkeypatch):
    monkeypatch.setattr("eyeful.extras.available", lambda _: False)
    monkeypatch.delitem(Image.OPEN, "HEIF")
    identifying._register_heif.cache_clear()
    with pytest.raises(ImageError, match=r'pip install "eyeful\[heif\]"') as failed:
        opened(heic)
    assert failed.value.kind == "unsupported_format"
