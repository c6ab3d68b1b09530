"""Resizing by cykooz_resizer gives Pillow's pixels, but for a level here and there; what it cannot do, Pillow does."""

import logging
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from eyeful.images import resize as module
from eyeful.images.resize import CYKOOZ, PILLOW, RESAMPLE, resize, resizer_for
from helpers import noise_image

cykooz_resizer = pytest.importorskip("cykooz_resizer")
FILTERED = ["bilinear", "bicubic", "lanczos"]
sides = st.integers(1, 400)


def image_of(kind: str, width: int, height: int, seed: int) -> Image.Image:
    random = np.random.default_rng(seed)
    if kind == "structure":
        return noise_image(seed, width, height)
    pixels = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels if kind == "noise" else (pixels > 127).astype(np.uint8) * np.uint8(255))


@st.composite
def spans(draw, length):
    """What of a side is resized: all of it, or a part, perhaps up to an edge."""
    if draw(st.booleans()):
        return 0.0, float(length)
    start = draw(st.one_of(st.just(0.0), st.floats(0, length - 0.01)))
    return start, draw(st.one_of(st.just(float(length)), st.floats(start + 0.01, length)))


@given(st.data(), sides, sides, st.integers(1, 256), st.integers(1, 256), st.sampled_from(list(RESAMPLE)))
@settings(max_examples=200, deadline=None)
def test_any_part_of_any_image_is_as_pillow_has_it(data, width, height, out_width, out_height, interpolation):
    """Within two levels everywhere, and within one on 99 % of the values, or all but two of a few."""
    kind = data.draw(st.sampled_from(["structure", "noise", "black and white"]))
    (left, right), (top, bottom) = data.draw(spans(width)), data.draw(spans(height))
    image, size, box = image_of(kind, width, height, 0), (out_width, out_height), (left, top, right, bottom)
    found = np.asarray(resize(image, size, interpolation, box)).astype(int)
    expected = np.asarray(image.resize(size, RESAMPLE[interpolation], box))
    assert found.shape == expected.shape
    difference = np.abs(found - expected)
    assert difference.max() <= 2
    assert np.count_nonzero(difference > 1) <= max(2, difference.size // 100)
    if interpolation not in FILTERED:
        assert not difference.any()


@pytest.mark.parametrize("interpolation", FILTERED)
def test_most_values_are_pillows(interpolation):
    """Of the other order, a fifth would differ."""
    image, box = noise_image(1, 500, 375), (62.5, 0.0, 437.5, 375.0)
    found = np.asarray(resize(image, (224, 224), interpolation, box))
    assert (found == np.asarray(image.resize((224, 224), RESAMPLE[interpolation], box))).mean() > 0.99


def test_all_of_an_image_is_resized_without_a_box():
    image = noise_image(2, 90, 70)
    whole = resize(image, (40, 50), "bicubic", (0, 0, 90, 70))
    assert resize(image, (40, 50), "bicubic").tobytes() == whole.tobytes()


def test_an_image_of_the_right_size_is_the_same():
    image = noise_image(3, 64, 48)
    assert resize(image, (64, 48), "lanczos").tobytes() == image.tobytes()


def test_an_image_that_pillow_stores_in_several_blocks():
    image = noise_image(4, 300, 200).resize((3000, 2000))  # 24 MB; a block has 16
    difference = np.abs(
        np.asarray(resize(image, (300, 200), "bicubic")).astype(int)
        - np.asarray(image.resize((300, 200), RESAMPLE["bicubic"]))
    )
    assert difference.max() <= 2


@pytest.mark.parametrize("box", [(9, 0, 8, 40), (0, 0, 51, 40), (-1, 0, 50, 40)])
def test_a_box_that_pillow_refuses_is_refused(box):
    with pytest.raises(ValueError, match=r"[Bb]ox"):
        resize(Image.new("RGB", (50, 40)), (8, 8), "bicubic", box)


def test_an_empty_box_is_pillows():
    """cykooz_resizer would fill the result with black."""
    image, box = Image.new("RGB", (50, 40), "white"), (10, 0, 10, 40)
    assert resize(image, (8, 8), "bicubic", box).tobytes() == image.resize((8, 8), box=box).tobytes()


@pytest.mark.parametrize("size", [(2, 500), (500, 2)])
def test_a_very_tall_image_is_as_pillow_has_it(size):
    """Above 100 times its width, Pillow resizes vertically first."""
    image = image_of("black and white", *size, 7)
    found = np.asarray(resize(image, (9, 40), "lanczos")).astype(int)
    assert np.abs(found - np.asarray(image.resize((9, 40), RESAMPLE["lanczos"]))).max() <= 2


def test_many_threads_at_once_give_the_same_bits():
    images = [noise_image(seed, 300, 200) for seed in range(4)]
    expected = [resize(image, (100, 90), "bicubic").tobytes() for image in images]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: resize(images[n % 4], (100, 90), "bicubic").tobytes(), range(200)))
    assert all(one == expected[n % 4] for n, one in enumerate(found))


def test_cpus_of_all_kinds_give_the_same_bits(monkeypatch):
    """So nodes of unlike CPUs answer alike."""
    image = noise_image(5, 333, 250)
    native = resize(image, (97, 89), "bicubic").tobytes()

    class Plain(cykooz_resizer.Resizer):
        def __init__(self):
            super().__init__()
            self.cpu_extensions = cykooz_resizer.CpuExtensions.none

    monkeypatch.setattr(cykooz_resizer, "Resizer", Plain)
    assert resize(image, (97, 89), "bicubic").tobytes() == native


def test_what_gives_pillows_pixels_is_used(undecided_resizer, caplog):
    assert {name: resizer_for(name) for name in RESAMPLE} == {
        name: CYKOOZ if name in FILTERED else PILLOW for name in RESAMPLE
    }
    assert not caplog.records


def test_what_is_not_installed_is_not_used(undecided_resizer, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "cykooz_resizer", None)
    image = noise_image(6, 50, 40)
    assert resizer_for("bicubic") == PILLOW
    assert resize(image, (20, 20), "bicubic").tobytes() == image.resize((20, 20)).tobytes()
    assert not caplog.records


class Panic(BaseException):
    """As PyO3 raises it for a panic in Rust: no `Exception`."""


def test_what_panics_is_not_used_and_one_line_says_so(undecided_resizer, monkeypatch, caplog):
    def panic(*_):
        raise Panic("assertion failed")

    monkeypatch.setattr(cykooz_resizer.Resizer, "resize_pil", panic)
    image = noise_image(6, 50, 40)
    assert [resize(image, (20, 20), "bicubic").tobytes() for _ in range(3)] == [
        image.resize((20, 20)).tobytes()
    ] * 3
    [record] = caplog.records
    assert "Pillow resizes, which takes longer: RuntimeError: panicked: assertion failed" in record.getMessage()


def test_what_gives_other_pixels_is_not_used(undecided_resizer, monkeypatch, caplog):
    monkeypatch.setattr(cykooz_resizer.Resizer, "resize_pil", lambda *_: None)  # its result stays black
    assert resizer_for("bilinear") == PILLOW
    assert "other pixels than Pillow's, by up to" in caplog.text


def test_one_image_that_makes_it_panic_is_pillows(undecided_resizer, monkeypatch, caplog):
    image = noise_image(6, 50, 40)
    assert resizer_for("bicubic") == CYKOOZ

    def panic(*_):
        raise Panic

    monkeypatch.setattr(cykooz_resizer.Resizer, "resize_pil", panic)
    caplog.set_level(logging.DEBUG, "eyeful")
    assert resize(image, (20, 20), "bicubic").tobytes() == image.resize((20, 20)).tobytes()
    assert "Pillow resizes this image" in caplog.text


def test_ctrl_c_is_no_panic(undecided_resizer, monkeypatch):
    assert resizer_for("bicubic") == CYKOOZ

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cykooz_resizer.Resizer, "resize_pil", interrupted)
    with pytest.raises(KeyboardInterrupt):
        module.resize(noise_image(6, 50, 40), (20, 20), "bicubic")
