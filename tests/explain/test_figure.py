"""Grad-CAM lies where the network looked, whatever was done to the image; the figure shows what it says."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from eyeful.explain import explain
from eyeful.explain.figure import tiles
from eyeful.types import Item


def one_bright(found, row, column):
    """The same explanation, of which one cell of the last maps is bright."""
    cam_HW = np.zeros((4, 4), np.float32)
    cam_HW[row, column] = 1
    return replace(found, cam_HW=cam_HW).cam_on_image()


@pytest.fixture(scope="module")
def network(make):
    return make("resnet18")


@pytest.mark.parametrize(
    ("crop_mode", "size", "expected"),
    [
        # (x, y) of the middle of the input's upper left cell of 4 x 4, in the image
        ("center", (400, 200), (100 + 25, 25)),
        ("center", (200, 400), (25, 100 + 25)),
        ("squash", (400, 200), (50, 25)),
        ("border", (400, 200), (50, None)),  # above the image: the preprocessing pads there
    ],
)
def test_geometry(network, crop_mode, size, expected):
    network = replace(network, preprocessing=replace(network.preprocessing, crop_mode=crop_mode))
    found = explain(network, Item("x", np.asarray(Image.new("RGB", size, "red"))))
    cam_HW = one_bright(found, 0, 0)
    assert cam_HW.shape == (size[1], size[0])
    x, y = expected
    if y is None:
        assert np.nanmax(cam_HW) == np.nanmax(cam_HW[0]) < 0.7
        cam_HW = one_bright(found, 1, 0)
        assert np.unravel_index(np.nanargmax(cam_HW), cam_HW.shape)[1] <= x + 10
        return
    brightest = np.unravel_index(np.nanargmax(cam_HW), cam_HW.shape)
    # bicubic resampling is flat or highest about the middle of an edge's cell
    assert abs(brightest[0] - y) <= 0.15 * size[1]
    assert abs(brightest[1] - x) <= 0.15 * size[0]
    unseen = np.isnan(cam_HW)
    if crop_mode == "center":
        assert unseen.mean() == pytest.approx(0.5, abs=0.02)
    else:
        assert not unseen.any()


def test_a_turned_image_is_shown_upright(network, tmp_path):
    image = Image.new("RGB", (300, 150), "blue")
    image.paste("red", (0, 0, 150, 150))
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise: the left becomes the top
    image.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    found = explain(network, Item("turned.jpg", tmp_path / "turned.jpg"))
    assert found.full_size == (300, 150)
    assert found.image_HWC.shape == (300, 150, 3)
    assert found.image_HWC[20, 70, 0] > 200
    assert "exif_rotated" in found.warnings


def test_a_large_image_stays_small(network):
    found = explain(network, Item("x", np.zeros((900, 3000, 3), np.uint8)))
    assert found.full_size == (900, 3000)
    assert max(found.image_HWC.shape) == 1024
    assert found.cam_on_image().shape == found.image_HWC.shape[:2]


def test_tiles_shows_the_liveliest_maps_first():
    maps_CHW = np.zeros((20, 4, 4), np.float32)
    maps_CHW[7, 0, 0] = 9
    maps_CHW[3, 3, 3] = 5
    sheet = tiles(maps_CHW)
    assert sheet.shape == (14, 14)
    assert sheet[0, 0] == 1
    assert sheet[3, 8] == 1
    assert np.isnan(sheet[4]).all()


def test_the_figure(network, item, tmp_path):
    found = explain(network, item, target=1)
    found = replace(found, filename="folder/a$b$_\x1b.png")  # no mathematics, no escape sequences
    figure = found.plot()
    figure.savefig(tmp_path / "why.svg")
    words = " ".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))
    assert "among 7 labels" in words
    assert "You asked about label 1" in words or found.top[0].index == 1
    assert "320 x 200 pixels" in words
    assert "512 maps of 3 x 3" in words
    assert "layer4" in words
    assert "\x1b" not in words


def test_the_label_that_was_asked_about_is_among_the_bars(make, item):
    found = explain(make("resnet18", classes=40), item)
    worst = int(found.logits_K.argmin())
    asked = explain(make("resnet18", classes=40), item, target=worst)
    assert worst not in [score.index for score in asked.top]
    *_, logits, probabilities = asked.plot().axes
    for axes in (logits, probabilities):
        names = [label.get_text() for label in axes.get_yticklabels()]
        assert names == [*(score.label for score in asked.top[:-1]), f"label {worst}"]
    low, high = logits.get_xlim()
    assert low < asked.logits_K.min() - 0.1 * (high - low) or asked.logits_K.min() > 0


@pytest.mark.parametrize(
    ("crop_mode", "says"), [("center", "resized and cropped to 96"), ("squash", "resized to 96")]
)
def test_the_caption_says_whether_something_was_cropped_away(network, item, crop_mode, says):
    network = replace(network, preprocessing=replace(network.preprocessing, crop_mode=crop_mode))
    words = [text.get_text() for text in explain(network, item).plot().texts]
    assert sum(says in text for text in words) == 1
