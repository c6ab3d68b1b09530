"""Exported bundles run elsewhere, with the same answers; openvino's without torch."""

import subprocess
import sys

import numpy as np
import pytest

import eyeful
from eyeful.errors import BundleError, UsageError
from eyeful.models import ModelRequest
from eyeful.prepare import export

REQUEST = ModelRequest("efficientnet_lite0")


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_a_bundle_gives_the_same_answers(engine, tmp_path, pictures, lite0):
    export(REQUEST, tmp_path / "bundle", engine)
    with eyeful.load(tmp_path / "bundle", precision="fp32", device="cpu") as classifier:
        assert classifier.engine == engine
        assert classifier.labels == lite0.labels
        assert classifier.recipe == lite0.recipe
        assert np.abs(classifier.logits(pictures) - lite0.logits(pictures)).max() < 1e-3


def test_a_checkpoint_becomes_a_torch_bundle_with_its_labels(tmp_path, pictures, resnet18_checkpoint):
    request = ModelRequest("resnet18", resnet18_checkpoint)
    export(request, tmp_path / "bundle", "torch")
    with (
        eyeful.load(tmp_path / "bundle", device="cpu", exact=True) as bundled,
        eyeful.load("resnet18", checkpoint=resnet18_checkpoint, device="cpu", exact=True) as direct,
    ):
        assert np.array_equal(bundled.logits(pictures), direct.logits(pictures))


_WITHOUT_TORCH = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "torchvision", "timm", "huggingface_hub"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
import eyeful
with eyeful.load(sys.argv[1]) as classifier:
    print(classifier.predict(sys.argv[2]).label)
"""


def test_an_openvino_bundle_runs_where_torch_cannot_be_imported(tmp_path, pictures, lite0, monkeypatch):
    export(REQUEST, tmp_path / "bundle", "openvino")
    monkeypatch.setenv("EYEFUL_HOME", str(tmp_path / "empty"))
    arguments = [sys.executable, "-c", _WITHOUT_TORCH, str(tmp_path / "bundle"), str(pictures / "01.jpg")]
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.stdout.strip() == lite0.predict(pictures / "01.jpg").label, done.stderr


def test_a_folder_with_something_else_is_never_replaced(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="no bundle"):
        export(REQUEST, tmp_path, "openvino")
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["model.bin", "model.xml", "passport.json"])
def test_a_damaged_bundle_never_predicts(tmp_path, name):
    bundle = export(REQUEST, tmp_path / "bundle", "openvino")
    content = (bundle.folder / name).read_bytes()
    (bundle.folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(BundleError, match=name.replace(".", r"\.")):
        eyeful.load(bundle.folder)
