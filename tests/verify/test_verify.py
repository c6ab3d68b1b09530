"""Agreement: what is counted, and that it tells paths apart."""

import json
import shutil

import numpy as np
import pytest
import torch

from eyeful.errors import UsageError
from eyeful.models import ModelRequest
from eyeful.prepare import export
from eyeful.preprocessing import Preprocessing
from eyeful.results import rank
from eyeful.types import Labels, Prediction
from eyeful.verify import Agreement, Verification, compare, verify

LABELS = Labels(("a", "b", "c"), (None,) * 3)


def answer(name, *logits) -> Prediction:
    values = np.array(logits, np.float32)
    return Prediction(name, rank(values, LABELS, 2), logits=values)


FAILED = Prediction("bad", error_kind="truncated", error="cut")


def test_compare_counts_by_image():
    reference = [answer("1", 3, 2, 0), answer("2", 0, 5, 1), answer("3", 9, 0, 0), FAILED, FAILED]
    found = [answer("1", 2, 3, 0), answer("2", 0, 5, 1), answer("3", 9, 0, 0), FAILED, answer("bad", 1, 0, 0)]
    agreement = compare(reference, found, k=2)
    assert (agreement.images, agreement.errors) == (3, 1)
    assert agreement.top1 == pytest.approx(2 / 3)
    assert agreement.topk == 1.0
    assert agreement.max_delta == pytest.approx(0.4621 * 0.9528, abs=0.02)
    assert agreement.worst[0].filename == "1"
    assert (agreement.worst[0].reference, agreement.worst[0].found) == ("a", "b")


@pytest.mark.slow
def test_the_fast_path_agrees_on_generated_images(images):
    found = verify("efficientnet_lite0", images, device="cpu", precision="fp32")
    assert found.path == "openvino fp32 on cpu"
    assert found.fast.images == 12
    assert found.causes["engine and precision"].max_delta < 1e-4
    assert set(found.causes) == {"decoder", "resize", "colour profile", "engine and precision"}
    assert found.causes["resize"].max_delta > 0, "the fast resize is not the exact one"
    assert found.fast.max_delta < 0.1


@pytest.mark.slow
def test_the_fast_path_agrees_on_photographs(photos):
    found = verify("efficientnet_lite0", photos / "labelled", device="cpu", precision="fp32")
    assert found.fast.top1 >= 0.99


@pytest.mark.slow
def test_camera_photographs_survive_the_reduced_decode(photos):
    found = verify("efficientnet_lite0", photos / "camera", device="cpu", precision="fp32")
    assert found.fast.top1 * 12 >= 11 - 1e-9
    assert 0 < found.causes["decoder"].max_delta < 0.1


@pytest.mark.slow
def test_a_bundle_is_compared_with_the_model_it_was_made_of(images, tmp_path, resnet18_checkpoint):
    export(ModelRequest("resnet18", resnet18_checkpoint), tmp_path / "bundle", "onnxruntime")
    found = verify(str(tmp_path / "bundle"), images, checkpoint=resnet18_checkpoint)
    assert found.path == "onnxruntime fp32 on cpu"
    assert found.causes["engine and precision"].max_delta < 1e-4
    other = tmp_path / "other.pth"
    torch.save({**torch.load(resnet18_checkpoint), "fc.bias": torch.zeros(1000)}, other)
    with pytest.raises(UsageError, match="made of other weights"):
        verify(str(tmp_path / "bundle"), images, checkpoint=other)


@pytest.fixture(scope="module")
def of_another_preprocessing(tmp_path_factory, resnet18_checkpoint):
    """A bundle of a checkpoint that brings labels and a preprocessing which are not its architecture's."""
    place = tmp_path_factory.mktemp("other")
    (place / "labels.txt").write_text("".join(f"Klasse {n}\n" for n in range(1000)))
    brought = Preprocessing((224, 224), (250, 250), "bicubic", (0.5,) * 3, (0.25,) * 3, "squash")
    request = ModelRequest("resnet18", resnet18_checkpoint, place / "labels.txt", preprocessing=brought)
    return export(request, place / "bundle", "openvino", source="net.mar/net.pth").folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "changed",
    [{}, {"crop_mode": "border"}, {"crop_pct": 0.9, "interpolation": "nearest"}],
)
def test_the_reference_has_the_bundles_preprocessing_and_labels(
    changed, of_another_preprocessing, images, resnet18_checkpoint, caplog, monkeypatch
):
    monkeypatch.setattr("eyeful.predictor.open._told", set())
    some = sorted(images.iterdir())[:3]
    found = verify(
        str(of_another_preprocessing), some, precision="fp32", checkpoint=resnet18_checkpoint, **changed
    )
    assert found.causes["engine and precision"].max_delta < 1e-4
    assert all(one.reference.startswith("Klasse ") for one in found.causes["resize"].worst)
    assert not [record for record in caplog.records if record.name == "eyeful" and "assumed" in record.message]


@pytest.mark.slow
def test_a_preprocessing_that_the_reference_cannot_have_is_refused(
    of_another_preprocessing, images, resnet18_checkpoint, tmp_path
):
    shutil.copytree(of_another_preprocessing, tmp_path / "b")
    manifest = tmp_path / "b/manifest.json"
    said = json.loads(manifest.read_text())
    said["preprocessing"]["scale_size"] = [200, 200]  # less than its crop, which no crop_pct says
    manifest.write_text(json.dumps(said))
    with pytest.raises(
        UsageError, match=r"prepares images otherwise than resnet18 with .* can be made to"
    ) as caught:
        verify(str(tmp_path / "b"), images, checkpoint=resnet18_checkpoint)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_what_lies_in_an_archive_is_to_be_unpacked(of_another_preprocessing, images):
    text = r"made of net\.mar/net\.pth: --checkpoint FILE names it; .* \(\.mar\), unpack that first"
    with pytest.raises(UsageError, match=text):
        verify(str(of_another_preprocessing), images)


def test_disagreement_sets_the_exit_code(images, monkeypatch):
    from typer.testing import CliRunner

    from eyeful.cli import app

    half = Verification("x", Agreement(2, 0, 0.5, 0.5, 0.1, 0.2, ()), {})
    monkeypatch.setattr("eyeful.verify.verify", lambda *_, **__: half)
    arguments = ["verify", "--images", str(images), "--min-agreement"]
    assert CliRunner().invoke(app, [*arguments, "0.6"]).exit_code == 1
    assert CliRunner().invoke(app, [*arguments, "0.5"]).exit_code == 0


def test_nothing_to_verify_with(tmp_path):
    with pytest.raises(UsageError, match="no images"):
        verify("efficientnet_lite0", tmp_path)


def test_the_command_sets_the_exit_code(images):
    from typer.testing import CliRunner

    from eyeful.cli import app

    arguments = ["verify", "--images", str(images), "--device", "cpu", "--precision", "fp32", "--json"]
    done = CliRunner().invoke(app, [*arguments, "--min-agreement", "0"])
    assert done.exit_code == 0
    said = json.loads(done.stdout)
    assert said["fast"]["images"] == 12
    assert said["causes"]["resize"]["images"] == said["causes"]["decoder"]["images"] == 12
    for never in ("1.01", "nan", "-1"):
        assert isinstance(CliRunner().invoke(app, [*arguments, "--min-agreement", never]).exception, UsageError)
