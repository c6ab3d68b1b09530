"""Exported bundles run elsewhere, with the same answers; all but torch's without torch."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import eyeful
from eyeful.engines import family
from eyeful.errors import BundleError, CheckpointError, UsageError
from eyeful.models import ModelRequest
from eyeful.prepare import export, prepared
from eyeful.preprocessing import Preprocessing

REQUEST = ModelRequest("efficientnet_lite0")


@pytest.mark.parametrize(
    "engine", ["openvino", *(pytest.param(name, marks=pytest.mark.slow) for name in ("onnxruntime", "torch"))]
)
def test_a_bundle_gives_the_same_answers(engine, tmp_path, images, lite0):
    export(REQUEST, tmp_path / "bundle", engine)
    with eyeful.load(tmp_path / "bundle", precision="fp32", device="cpu") as classifier:
        assert classifier.engine == engine
        assert classifier.labels == lite0.labels
        assert classifier.preprocessing == lite0.preprocessing
        assert np.abs(classifier.logits(images) - lite0.logits(images)).max() < 1e-3


@pytest.mark.slow
def test_a_checkpoint_becomes_a_torch_bundle_with_its_labels(tmp_path, images, resnet18_checkpoint):
    request = ModelRequest("resnet18", resnet18_checkpoint)
    export(request, tmp_path / "bundle", "torch")
    with (
        eyeful.load(tmp_path / "bundle", device="cpu", exact=True) as bundled,
        eyeful.load("resnet18", checkpoint=resnet18_checkpoint, device="cpu", exact=True) as direct,
    ):
        assert np.array_equal(bundled.logits(images), direct.logits(images))


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


@pytest.mark.parametrize("engine", ["openvino", pytest.param("onnxruntime", marks=pytest.mark.slow)])
def test_a_bundle_runs_where_torch_cannot_be_imported(engine, tmp_path, images, lite0, monkeypatch):
    export(REQUEST, tmp_path / "bundle", engine)
    monkeypatch.setenv("EYEFUL_HOME", str(tmp_path / "empty"))
    arguments = [sys.executable, "-c", _WITHOUT_TORCH, str(tmp_path / "bundle"), str(images / "01.jpg")]
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.stdout.strip() == lite0.predict(images / "01.jpg").label, done.stderr


@pytest.mark.slow
def test_an_onnx_file_says_everything_itself(tmp_path, images, lite0):
    """Outside eyeful, with ONNX Runtime alone: uint8 in, logits out, labels and preprocessing in the metadata."""
    import onnxruntime

    bundle = export(REQUEST, tmp_path / "bundle", "onnxruntime")
    session = onnxruntime.InferenceSession(bundle.folder / "model.onnx", providers=["CPUExecutionProvider"])
    (pixels,), (logits, features) = session.get_inputs(), session.get_outputs()
    assert (pixels.name, pixels.type, pixels.shape[1:]) == ("pixels_NHWC", "tensor(uint8)", [224, 224, 3])
    assert (logits.name, logits.type) == ("logits_NK", "tensor(float)")
    assert (features.name, features.type) == ("features_ND", "tensor(float)")
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["eyeful.labels"]) == list(lite0.labels)
    assert Preprocessing.from_dict(json.loads(metadata["eyeful.preprocessing"])) == lite0.preprocessing
    for size in (1, 5):
        files = [images / "01.jpg"] * size
        batch = np.stack([row.pixels_HWC for row in lite0.preprocessed(files)])
        found, _ = session.run(None, {"pixels_NHWC": batch})
        assert np.abs(found - lite0.predictor.forward(batch).result().logits_NK).max() < 1e-3


@pytest.mark.slow
def test_conversion_reports_to_nobody(tmp_path):
    """OpenVINO's and NNCF's telemetry is not even imported, and leaves nothing in the user's home."""
    code = f"""
import sys
from pathlib import Path
from eyeful.openvino_import import import_nncf
from eyeful.models import ModelRequest
from eyeful.prepare import export, prepared
from eyeful.preprocessing import Preprocessing
export(ModelRequest("efficientnet_lite0"), Path({str(tmp_path)!r}) / "bundle", "openvino")
import_nncf()
assert sys.modules["openvino_telemetry"] is None
"""
    environment = os.environ | {"HOME": str(tmp_path), "EYEFUL_HOME": str(tmp_path / "home")}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    assert {path.name for path in tmp_path.iterdir()} <= {"bundle", "home", ".cache"}


def test_a_folder_with_something_else_is_never_replaced(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"holds mine\.txt, which is no part of a bundle"):
        export(REQUEST, tmp_path, "openvino")
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["model.bin", "model.xml", "manifest.json"])
def test_a_damaged_bundle_never_predicts(tmp_path, name):
    bundle = export(REQUEST, tmp_path / "bundle", "openvino")
    content = (bundle.folder / name).read_bytes()
    (bundle.folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(BundleError, match=name.replace(".", r"\.")):
        eyeful.load(bundle.folder)


@pytest.mark.parametrize(
    ("request_of", "error", "reason"),
    [
        (lambda path: ModelRequest(checkpoint=path), CheckpointError, "the checkpoint"),
        (lambda path: ModelRequest(labels=path), UsageError, "the labels"),
    ],
)
def test_a_file_that_is_not_there_is_named_as_what_it_is(request_of, error, reason, tmp_path):
    with pytest.raises(error, match=f"{reason} .*none cannot be read: No such file"):
        prepared(request_of(tmp_path / "none"), family("openvino"))
