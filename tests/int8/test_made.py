"""int8 is made on some images, judged on others, and does not stay where it disagrees."""

import numpy as np
import pytest

import eyeful
from eyeful.bundle.manifest import QUANTIZATION
from eyeful.errors import ModelError, UsageError
from eyeful.models import ModelRequest
from eyeful.verify import export_int8
from helpers import noise_image

REQUEST = ModelRequest("efficientnet_lite0")


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    for seed in range(24):
        noise_image(seed, 240, 200).save(folder / f"{seed:02d}.png")
    return folder


@pytest.mark.slow
def test_an_int8_bundle_runs_and_says_how_it_was_made(many, tmp_path, lite0):
    bundle, agreement = export_int8(REQUEST, tmp_path / "int8", many, min_agreement=0)
    assert agreement.images == 12
    assert bundle.manifest.quantization["held_out"] == 12
    assert set(bundle.manifest.quantization) == set(QUANTIZATION) - {"refused"}
    with eyeful.load(tmp_path / "int8", device="cpu") as classifier:
        assert classifier.precision == "int8"
        assert classifier.provenance["quantization"]["images"] == 12
        expected, found = lite0.logits(many), classifier.logits(many)
        assert 0 < np.abs(found - expected).max() < 0.5 * np.abs(expected).max()
        assert classifier.spec.fingerprint() != lite0.spec.fingerprint()
    assert (bundle.folder / "model.bin").stat().st_size < 7e6, "an int8 network is a quarter of fp32"
    with pytest.raises(UsageError, match="is int8, not fp32"):
        eyeful.load(tmp_path / "int8", precision="fp32")


@pytest.mark.slow
def test_int8_that_disagrees_is_not_written(many, tmp_path):
    with pytest.raises(ModelError, match=r"12 held-out images, less than 1.01 .--min-agreement.: not written"):
        export_int8(REQUEST, tmp_path / "int8", many, min_agreement=1.01)
    assert not (tmp_path / "int8").exists()


def test_a_handful_of_images_is_too_few(images, tmp_path):
    with pytest.raises(UsageError, match="12 images are too few"):
        export_int8(REQUEST, tmp_path / "int8", images)


@pytest.mark.slow
def test_int8_agrees_on_photographs(photos, tmp_path):
    _, agreement = export_int8(REQUEST, tmp_path / "int8", photos / "labelled")
    assert agreement.top1 >= 0.95
