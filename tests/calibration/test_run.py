"""From a folder of judged images to a calibration: which images count, in which order."""

import logging

import numpy as np
import pytest
from PIL import Image

import eyeful
from eyeful.errors import UsageError
from helpers import fake_classifier


@pytest.fixture(scope="module")
def colours(tmp_path_factory):
    """100 images in folders called like their colours, in a few of which another colour is a little stronger."""
    folder = tmp_path_factory.mktemp("colours")
    random = np.random.default_rng(0)
    for number in range(100):
        name = ("red", "green", "blue")[number % 3]
        (folder / name).mkdir(exist_ok=True)
        pixel = random.integers(0, 100, 3)
        pixel[number % 3] = pixel.max() + (30 if number % 25 else -2)
        Image.fromarray(np.full((8, 8, 3), pixel, np.uint8)).save(folder / name / f"{number}.png")
    (folder / "nothing").mkdir()
    Image.new("RGB", (8, 8)).save(folder / "nothing" / "1.png")
    (folder / "red" / "broken.jpg").write_bytes(b"\xff\xd8\xff no image")
    return folder


def test_a_folder(colours, caplog):
    with fake_classifier() as classifier, caplog.at_level(logging.WARNING, "eyeful"):
        counted = []
        found = eyeful.calibrate(classifier, colours, on_rows=counted.append)
        assert sum(counted) == 102
        assert (found.images, found.temperature_images, found.risk.images) == (100, 50, 50)
        assert "2 of 102 images are left out" in caplog.text
        assert "no right label 1" in caplog.text
        again = eyeful.calibrate(classifier, sorted(colours.rglob("*.png"), reverse=True), truth="folders")
        assert again == found  # whatever the order that the images were named in
        calibrated = classifier.with_options(calibration=found.to_dict())
        assert calibrated.predict(next(colours.rglob("*.png"))).temperature == found.temperature
        assert eyeful.calibrate(calibrated, colours) == found  # not calibrated twice


def test_a_file_says_what_is_right(colours, tmp_path):
    """Where all are said to be green, most answers are wrong, and nothing is promised."""
    names = sorted(str(path) for path in colours.rglob("*.png"))
    (tmp_path / "truth.csv").write_text("filename,label\n" + "".join(f"{name},green\n" for name in names))
    with fake_classifier() as classifier:
        found = eyeful.calibrate(classifier, colours, tmp_path / "truth.csv")
    assert found.images == 101
    assert found.risk.threshold is None


def test_what_cannot_be_calibrated(colours, tmp_path):
    with (
        fake_classifier(activation="sigmoid") as classifier,
        pytest.raises(UsageError, match="activation sigmoid"),
    ):
        eyeful.calibrate(classifier, colours)
    with fake_classifier() as classifier:
        with pytest.raises(UsageError, match="34 images with a right label are too few"):
            eyeful.calibrate(classifier, colours / "red", truth="folders")
        with pytest.raises(UsageError, match="risk 2"):
            eyeful.calibrate(classifier, colours, risk=2)
        with pytest.raises(UsageError, match="label"):
            eyeful.calibrate(classifier, colours / "nothing")
