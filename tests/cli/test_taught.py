"""The bundle of a model that was taught is a model as any other, for every command."""

import json

import numpy as np
import pytest
from PIL import Image

import eyeful
from eyeful.bundle import read_bundle
from eyeful.errors import UsageError
from eyeful.types import NONE_OF_THESE
from heads import COLOURS


def test_predict_gives_its_labels(command, taught, images):
    rows = [json.loads(line) for line in command("predict", images, "--model", taught).stdout.splitlines()]
    assert {row["label"] for row in rows} <= {*COLOURS, NONE_OF_THESE}
    assert all(len(row["top"]) == len(COLOURS) + 1 for row in rows)
    assert rows[0]["label"] == "red", "it was taught so"


def test_info_tells_what_was_taught_of_how_many_images_and_how_good(command, taught):
    card = command("info", taught).stdout
    for fact in (
        "efficientnet_lite0 taught 4 labels",
        "4 labels from 12 images, on the frozen network of efficientnet_lite0; made 2026-11-26",
        "red 3, green 3, blue 3, white 3",
        "1 left out: a near copy",
        "accuracy 91.7% (of new images 64.6% to 98.5%), cross-validated: 11 of 12 right",
        "its probabilities are off by 3.1 points on average",
        "of images of its labels 5.0% were called 'none of these'",
        "red, green, blue, white, none of these",
    ):
        assert fact in " ".join(card.split())
    whole = json.loads(command("info", taught, "--json").stdout)
    assert whole["taught"] == read_bundle(taught).manifest.taught


@pytest.mark.slow
def test_export_makes_a_bundle_for_torch(command, taught, images, tmp_path):
    assert command("export", taught, "-o", tmp_path / "torch", "--engine", "torch").returncode == 0
    _check_same(taught, tmp_path / "torch", images)


@pytest.mark.slow
def test_export_makes_one_for_openvino_of_that_for_torch(command, taught, images, tmp_path):
    assert command("export", taught, "-o", tmp_path / "torch", "--engine", "torch").returncode == 0
    assert command("export", tmp_path / "torch", "-o", tmp_path / "again").returncode == 0
    assert read_bundle(tmp_path / "again").manifest.engine == "openvino"
    _check_same(taught, tmp_path / "again", images)


def _check_same(one, other, images):
    manifests = [read_bundle(folder).manifest for folder in (one, other)]
    for name in ("labels", "weights", "taught", "preprocessing", "title"):
        assert getattr(manifests[0], name) == getattr(manifests[1], name)
    logits = []
    for folder in (one, other):
        with eyeful.load(folder, precision="fp32", device="cpu") as classifier:
            logits.append(classifier.logits(images))
    assert np.abs(logits[0] - logits[1]).max() < 1e-3


@pytest.mark.slow
def test_export_makes_one_for_onnx_and_one_in_int8(command, taught, photos, tmp_path):
    assert command("export", taught, "-o", tmp_path / "onnx", "--engine", "onnxruntime").returncode == 0
    with eyeful.load(tmp_path / "onnx") as classifier:
        assert classifier.labels == (*COLOURS, NONE_OF_THESE)
    flags = ("--precision", "int8", "--calibrate", photos / "labelled")
    done = command("export", taught, "-o", tmp_path / "int8", *flags)
    assert "of 125 held-out images" in done.stderr
    done = command("export", tmp_path / "int8", "-o", tmp_path / "other", "--engine", "torch")
    assert done.returncode == 2
    assert "is int8, for openvino only: export the fp32 bundle instead" in done.stderr
    done = command("export", tmp_path / "onnx", "-o", tmp_path / "other", *flags)
    assert "int8 is made of a bundle for openvino in fp32" in done.stderr


def test_export_gives_it_other_names(command, taught, tmp_path):
    names = ("rose", "fern", "sky", "ice")
    assert (
        command("export", taught, "-o", tmp_path / "new", "--labels", _written(tmp_path, *names)).returncode == 0
    )
    found, own = read_bundle(tmp_path / "new").manifest, read_bundle(taught).manifest
    assert found.labels.names == (*names, NONE_OF_THESE)
    for name in ("head.npz", "model.bin"):
        assert found.files[name] == own.files[name]


def _written(folder, *names):
    (folder / "names.txt").write_text("".join(f"{name}\n" for name in names))
    return folder / "names.txt"


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("rose", "fern", "sky", "ice"), None),
        (("rose", "fern", "sky", "ice", NONE_OF_THESE), None),
        (("rose", "fern", "sky", "ice", "other"), "has 'other' for 'none of these'"),
        (("rose", "fern", "sky", NONE_OF_THESE), "has 4 labels, the model 5 with 'none of these'"),
        (("rose", "fern"), "has 2 labels, the model 5 with"),
    ],
)
def test_new_names_are_of_the_labels_that_were_taught(names, says, command, taught, tmp_path, images):
    done = command("info", taught, "--labels", _written(tmp_path, *names), "--json")
    if says is None:
        found = [one["label"] for one in json.loads(done.stdout)["labels"]]
        assert found == ["rose", "fern", "sky", "ice", NONE_OF_THESE]
    else:
        assert done.returncode == 2
        assert says in done.stderr


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--activation", "sigmoid"), "leave --activation out"),
        (("--activation", "none"), "leave --activation out"),
        (("--sure", "0.9"), "none of the model's 5 labels has a WordNet id"),
        (("--img-size", "192"), "has its weights, size, mean and std"),
        (("--checkpoint", "own.pth"), "has its weights, size, mean and std"),
        (("--engine", "onnxruntime"), "-o DIR --engine onnxruntime makes one that is"),
    ],
)
def test_what_lies_fixed_in_it_is_refused(flags, says, command, taught, images):
    done = command("predict", images / "00.png", "--model", taught, *flags)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert says in done.stderr


@pytest.mark.slow
def test_explain_is_about_a_label(command, taught, tmp_path):
    Image.new("RGB", (300, 300), "lime").save(tmp_path / "flat.png")
    with eyeful.load(taught) as classifier:
        assert classifier.predict(tmp_path / "flat.png").label == NONE_OF_THESE
        explanation = classifier.explain(tmp_path / "flat.png")
        with pytest.raises(UsageError, match="no place of an image speaks for 'none of these'"):
            classifier.explain(tmp_path / "flat.png", target=NONE_OF_THESE)
    assert explanation.top[0].label == NONE_OF_THESE
    assert explanation.target == explanation.top[1], "the label that it is most like"
    assert explanation.pooled_D.shape == (1280,)
    done = command("explain", tmp_path / "flat.png", "--model", taught, "-o", tmp_path / "a.png")
    assert f"a.png: {explanation.target.label}" in done.stderr


@pytest.mark.slow
def test_verify_compares_with_torch_the_frozen_network_and_the_head(command, taught, images):
    found = json.loads(command("verify", taught, "--images", images, "--json").stdout)
    assert found["fast"]["images"] == 12
    assert found["fast"]["top1"] > 0.9


def test_evaluate_and_calibrate_know_its_labels(command, taught, images, tmp_path):
    rows = [f"{path},{COLOURS[n % 4]}" for n, path in enumerate(sorted(images.iterdir()))]
    (tmp_path / "truth.csv").write_text("\n".join(["filename,label", *rows]))
    evaluated = command("evaluate", tmp_path / "truth.csv", "--model", taught)
    assert evaluated.returncode in (0, 1), evaluated.stderr
    assert "12" in evaluated.stdout + evaluated.stderr
