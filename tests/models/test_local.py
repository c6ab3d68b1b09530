"""Models that are files or folders: every row of docs/models.md's tables, and what else may be wrong with them."""

import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from graphs import logits_of, write_onnx

import eyeful
from eyeful.errors import EyefulError, ModelError, UnknownModelError, UsageError, WeightsError
from eyeful.models import ModelRequest, find_model
from eyeful.models.torchvision_import import import_timm
from eyeful.openvino_import import import_openvino
from eyeful.preprocessing import InputOverrides
from helpers import noise_image

DOCS = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
IMAGES = [np.asarray(noise_image(seed, 40, 40)) for seed in range(3)]


def table(header: str) -> list[list[str]]:
    lines = DOCS.split(f"{header}\n")[1].split("\n\n")[0].strip().split("\n")[1:]
    return [[cell.strip().strip("`") for cell in line.strip("| ").split(" | ")] for line in lines]


def dims(text: str) -> list[str | int]:
    return [int(one) if one.isdigit() else one for one in text.split(" x ")]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EYEFUL_HOME", str(tmp_path / "eyeful"))


@pytest.fixture
def folder(tmp_path):
    """A model as timm leaves it in a folder."""
    timm = import_timm()
    import torch
    from timm.models import save_for_hf

    torch.manual_seed(1)
    model = timm.create_model("resnet10t", num_classes=3)
    config = {"label_names": ["rose", "tulip", "daisy"], "pretrained_cfg": {"mean": [0.1, 0.2, 0.3]}}
    save_for_hf(model, tmp_path / "flowers", config, safe_serialization=True)
    return tmp_path / "flowers"


@pytest.mark.slow
def test_a_folder_of_timm_runs_with_its_labels_and_preprocessing(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    model = find_model(ModelRequest("flowers"))
    assert (model.labels.names, model.preprocessing.mean, model.notes) == (
        ("rose", "tulip", "daisy"),
        (0.1, 0.2, 0.3),
        (),
    )
    _, weights = model.load()
    assert (len(weights.sha256), weights.source) == (64, "flowers/model.safetensors")
    with eyeful.load("flowers", precision="fp32") as clf, eyeful.load("flowers", exact=True) as reference:
        assert np.allclose(clf.logits(IMAGES), reference.logits(IMAGES), atol=1e-3)
        spec = clf.spec
    monkeypatch.chdir("/")
    eyeful.classifier.open_classifier(spec).close()


@pytest.mark.slow
def test_a_folder_whose_weights_change_is_another_model(folder):
    import torch
    from safetensors.torch import load_file, save_file

    with eyeful.load(folder, precision="fp32") as before:
        expected = before.logits(IMAGES[0])
    state = load_file(folder / "model.safetensors")
    save_file(state | {"fc.bias": state["fc.bias"] + torch.tensor([9.0, 0, 0])}, folder / "model.safetensors")
    with eyeful.load(folder, precision="fp32") as after:
        assert np.allclose(after.logits(IMAGES[0]) - expected, [9, 0, 0], atol=1e-4)


@pytest.mark.slow
def test_a_bare_name_that_a_catalogue_knows_is_the_catalogues(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    folder.rename("resnet18")
    assert find_model(ModelRequest("resnet18")).architecture.library == "torchvision"
    assert find_model(ModelRequest("./resnet18")).labels.names[0] == "rose"
    with eyeful.load("./resnet18", device="cpu") as clf:
        assert clf.labels[0] == "rose"


def test_labels_for_a_folder(folder):
    (folder / "names.txt").write_text("Rose\nTulpe\nMargerite\n")
    assert find_model(ModelRequest(str(folder), labels=folder / "names.txt")).labels.names[2] == "Margerite"


def _config(folder, **values):
    config = json.loads((folder / "config.json").read_text()) | values
    (folder / "config.json").write_text(json.dumps(config))


class _Evil:
    def __reduce__(self):
        return open, ("canary", "w")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: (d / "model.safetensors").unlink(), "neither model.safetensors nor pytorch_model.bin"),
        (lambda d: (d / "config.json").write_text("{"), "is not a timm model"),
        (lambda d: (d / "config.json").write_text("[]"), "is not a timm model"),
        (lambda d: (d / "config.json").write_text('{"model_type": "vit"}'), "is not a timm model"),
        (lambda d: _config(d, architecture="resnet9000"), "pip install -U timm"),
        (lambda d: (d / "model.safetensors").write_bytes(b"junk"), "do not fit resnet10t"),
        (lambda d: _config(d, num_classes=5), "names 3 labels"),
        (lambda d: _config(d, label_names="abc"), "a text for its label_names"),
        (lambda d: _config(d, architecture=5), "is not a timm model"),
        (lambda d: _config(d, pretrained_cfg={"mean": [0.5]}), "no mean and std of three channels"),
        (lambda d: _config(d, pretrained_cfg={"mean": "xyz"}), "is not a timm model"),
        (lambda d: _config(d, pretrained_cfg={"input_size": [3, 64]}), "is not a timm model"),
        (lambda d: _config(d, pretrained_cfg={"crop_pct": "a"}), "is not a timm model"),
        (lambda d: _config(d, num_classes=None), "for None classes"),
        (lambda d: _config(d, num_classes=0, label_names=None), "gives features, not labels"),
    ],
)
def test_a_folder_that_cannot_be_used_is_one_line(folder, change, reason):
    change(folder)
    with pytest.raises(ModelError, match=re.escape(reason)) as caught:
        find_model(ModelRequest(str(folder))).load()
    assert "\n" not in str(caught.value)


def test_a_folder_with_a_pickle_that_would_run_code(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(_Evil()))
    with pytest.raises(WeightsError):
        find_model(ModelRequest(str(folder))).load()
    assert not (folder / "canary").exists()


def test_a_folder_that_is_no_model_says_what_one_is(tmp_path):
    with pytest.raises(UnknownModelError, match=r"neither a bundle .* nor a model of timm"):
        find_model(ModelRequest(str(tmp_path)))


@pytest.mark.parametrize(("name", "answer"), table("| `--model` | answer |"))
def test_files_that_are_no_models_are_answered_with_what_to_type(name, answer):
    with pytest.raises(UnknownModelError, match=re.escape(answer)) as caught:
        find_model(ModelRequest(name))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
@pytest.mark.parametrize(("image", "scores", "end", "result"), table("| input | output | ends in | result |"))
def test_documented_networks(tmp_path, image, scores, end, result, engine):
    type_, _, shape = image.partition(" ")
    path = tmp_path / "net.onnx"
    write_onnx(path, dims(shape), [dims(one) for one in scores.split(" and ")], end, type_)
    if result != "runs":
        with pytest.raises(ModelError, match=re.escape(result)) as caught:
            eyeful.load(path, engine=engine)
        assert "\n" not in str(caught.value)
        return
    with eyeful.load(path, engine=engine, precision="fp32") as clf:
        assert clf.preprocessing.size == ((224, 224) if "H" in shape else (32, 32))
        pixels = np.stack([row.pixels_HWC for row in clf.preprocessed(IMAGES)])
        expected = logits_of(pixels, clf.preprocessing.mean, clf.preprocessing.std, dims(scores)[1])
        found = clf.logits(IMAGES)
        if end == "LogSoftmax":
            found, expected = (one - one.mean(1, keepdims=True) for one in (found, expected))
        assert np.abs(found - expected).max() < (0.02 if type_ == "float16" else 1e-4)
        best = clf.predict(IMAGES[0])
        assert best.label == f"class {expected[0].argmax()}"
        if end == "Sigmoid" or scores == "N x 1":
            assert best.prob == pytest.approx(1 / (1 + np.exp(-expected[0].max())), abs=1e-4)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("opset", [9, 11, 13, 21])
@pytest.mark.parametrize("end", ["Softmax", "Sigmoid"])
def test_what_an_older_file_ends_in(tmp_path, end, opset, engine):
    path = write_onnx(tmp_path / "net.onnx", end=end, opset=opset)
    with eyeful.load(path, engine=engine, precision="fp32") as clf:
        pixels = np.stack([row.pixels_HWC for row in clf.preprocessed(IMAGES)])
        expected = logits_of(pixels, clf.preprocessing.mean, clf.preprocessing.std)
        assert np.abs(clf.logits(IMAGES) - expected).max() < 1e-4


def test_mean_and_std_and_activation_by_hand(tmp_path):
    path = write_onnx(tmp_path / "net.onnx")
    mean, std = (0.5, 0.25, 0.75), (0.5, 1.0, 0.25)
    with eyeful.load(path, mean=mean, std=std, activation="sigmoid", precision="fp32") as clf:
        pixels = np.stack([row.pixels_HWC for row in clf.preprocessed(IMAGES)])
        expected = logits_of(pixels, mean, std)
        assert np.abs(clf.logits(IMAGES) - expected).max() < 1e-4
        assert clf.predict(IMAGES[0]).prob == pytest.approx(1 / (1 + np.exp(-expected[0].max())), abs=1e-4)


@pytest.mark.parametrize(
    ("image", "options", "left_open"),
    [
        ("N x 3 x 32 x 32", {}, "--mean, --std are not given"),
        ("N x 3 x 32 x 32", {"img_size": 32, "mean": (0, 0, 0)}, "--std is not given"),
        ("N x 3 x 32 x 32", {"mean": (0, 0, 0), "std": (1, 1, 1)}, None),
        ("N x 3 x H x W", {"mean": (0, 0, 0), "std": (1, 1, 1)}, "--img-size is not given"),
        ("N x 3 x H x W", {"img_size": 32}, "--mean, --std are not given"),
        ("N x 3 x H x W", {"img_size": 32, "mean": (0, 0, 0), "std": (1, 1, 1)}, None),
    ],
)
def test_only_what_is_left_open_is_said_to_be_assumed(tmp_path, image, options, left_open):
    path = write_onnx(tmp_path / "net.onnx", dims(image))
    notes = find_model(ModelRequest(str(path), overrides=InputOverrides.of(**options))).notes
    assert [left_open in note for note in notes] == [True] * (left_open is not None)


def test_an_openvino_file_and_the_labels_of_a_file(tmp_path):
    ov = import_openvino()
    ov.save_model(ov.Core().read_model(write_onnx(tmp_path / "net.onnx")), tmp_path / "net.xml")
    (tmp_path / "five.txt").write_text("a\nb\nc\nd\ne\n")
    with (
        eyeful.load(tmp_path / "net.onnx", labels=tmp_path / "five.txt") as one,
        eyeful.load(tmp_path / "net.xml", labels=tmp_path / "five.txt") as other,
    ):
        assert one.labels == tuple("abcde")
        assert [p.label for p in one.predict(IMAGES)] == [p.label for p in other.predict(IMAGES)]
    (tmp_path / "three.txt").write_text("a\nb\nc\n")
    with pytest.raises(UsageError, match="has 3 labels, the weights have 5 classes"):
        eyeful.load(tmp_path / "net.onnx", labels=tmp_path / "three.txt")


def test_external_data_counts(tmp_path):
    path = write_onnx(tmp_path / "net.onnx", external=True)
    with eyeful.load(path, precision="fp32") as before:
        first, digest = before.logits(IMAGES[0]), before.provenance["weights"]["sha256"]
    data = bytearray((tmp_path / "net.onnx.data").read_bytes())
    data[: 5 * 3 * 4] = np.ones(15, "f4").tobytes()
    (tmp_path / "net.onnx.data").write_bytes(data)
    with eyeful.load(path, precision="fp32") as after:
        assert not np.allclose(after.logits(IMAGES[0]), first)
        assert after.provenance["weights"]["sha256"] != digest
    (tmp_path / "net.onnx.data").unlink()
    with pytest.raises(ModelError, match="cannot be read as an ONNX file"):
        eyeful.load(path)


def test_a_file_travels_as_a_bundle(tmp_path):
    from eyeful.prepare import export

    path = write_onnx(tmp_path / "net.onnx", end="Softmax")
    bundle = export(ModelRequest(str(path)), tmp_path / "bundle", "openvino").folder
    path.rename(tmp_path / "gone.onnx")
    with (
        eyeful.load(bundle, precision="fp32") as clf,
        eyeful.load(tmp_path / "gone.onnx", precision="fp32") as own,
    ):
        assert np.array_equal(clf.logits(IMAGES), own.logits(IMAGES))
    with pytest.raises(ModelError, match="is a part of a bundle: --model"):
        find_model(ModelRequest(str(bundle / "model.xml")))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"img_size": 64}, "takes images of 32x32 pixels, not 64x64"),
        ({"engine": "torch", "device": "cpu"}, "which torch does not have"),
        ({"exact": True}, "which torch does not have"),
        ({"checkpoint": __file__}, "has its weights in it"),
    ],
)
def test_what_a_file_cannot_do_is_one_line(tmp_path, options, reason):
    path = write_onnx(tmp_path / "net.onnx")
    with pytest.raises(EyefulError, match=reason) as caught:
        eyeful.load(path, **options)
    assert "\n" not in str(caught.value)
    with eyeful.load(path) as clf, pytest.raises(ModelError, match="which torch does not have"):
        clf.explain(IMAGES[0])


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("net.onnx", b"", "holds no network"),
        ("net.onnx", b"junk", "cannot be read as an ONNX file"),
        ("net.xml", b"<net/>", "is not a network of OpenVINO"),
        ("net.xml", b"<annotation></annotation>", "is not a network of OpenVINO"),
    ],
)
def test_damaged_files_are_one_line_and_write_nothing(tmp_path, name, content, reason, capfd):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=reason) as caught:
        find_model(ModelRequest(str(tmp_path / name)))
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_openvino_files_without_their_weights(tmp_path):
    ov = import_openvino()
    ov.save_model(ov.Core().read_model(write_onnx(tmp_path / "net.onnx")), tmp_path / "net.xml")
    (tmp_path / "net.bin").unlink()
    with pytest.raises(ModelError, match=r"net\.xml cannot be read as a network of OpenVINO"):
        eyeful.load(tmp_path / "net.xml")
