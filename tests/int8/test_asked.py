"""`precision="int8"` on a model: it runs where it is as good and faster; else `auto` runs and one line says why."""

import json
import logging
import shutil
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import eyeful
from eyeful.bundle import read_bundle
from eyeful.cache import cache_folder
from eyeful.classifier import open_classifier
from eyeful.errors import MissingExtraError, ModelError, UsageError
from eyeful.int8 import cached
from eyeful.int8.sample import MOST, Sample, sample_of
from eyeful.models import ModelRequest
from eyeful.predictor import PredictorSpec, pins_of
from eyeful.prepare import export
from eyeful.prepare.entries import list_entries
from eyeful.preprocessing import InputOverrides
from small_networks import INPUT, set_speeds, write_images


@pytest.fixture
def load(labels, monkeypatch, tmp_path):
    """`eyeful.load` of one of the small networks in int8, with a cache of its own."""
    monkeypatch.setenv("EYEFUL_HOME", str(tmp_path / "home"))
    return partial(load_small, labels)


def load_small(labels, network, calibrate, **options):
    return eyeful.load(network, labels=labels, calibrate=calibrate, **({"precision": "int8"} | INPUT | options))


@pytest.fixture(scope="module")
def calibrated(labels, network, many, tmp_path_factory):
    """A cache with the small network's int8 in it, which was measured to be twice as fast."""
    home = tmp_path_factory.mktemp("calibrated")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EYEFUL_HOME", str(home))
        load_small(labels, network, many).close()
        set_speeds(200, 100)
    return home


@pytest.fixture
def fast(load, calibrated):
    """The same, with a copy of that cache."""
    shutil.copytree(calibrated, cache_folder())
    return load


def test_int8_runs_and_says_how_good_it_is(fast, network, many, caplog):
    caplog.set_level(logging.INFO, "eyeful")
    with fast(network, many) as classifier:
        assert classifier.precision == "int8"
        found = classifier.provenance["quantization"]
        assert (found["images"], found["held_out"], found["speed"]) == (20, 20, 2.0)
        assert found["agreement"] >= 0.95
        with eyeful.load(network, labels=classifier.spec.model, precision="fp32", **INPUT) as reference:
            difference = np.abs(classifier.logits(many) - reference.logits(many)).max()
        assert 0 < difference < 0.2 * np.abs(classifier.logits(many)).max()
    assert "calibrating" not in caplog.text, "the second run takes it from the cache"
    assert "2.00 times as fast" in caplog.text
    assert f"from {cache_folder() / 'int8'}" in caplog.text
    assert {entry.kind for entry in list_entries()} >= {"prepared", "int8"}
    assert not any(entry.damage for entry in list_entries())


def test_what_does_not_pay_here_does_not_run(fast, network, many, caplog):
    set_speeds(109, 100)
    with fast(network, many) as classifier, fast(network, None, precision="auto") as auto:
        assert classifier.precision == auto.precision
        assert (classifier.logits(many) == auto.logits(many)).all()
        assert classifier.provenance["quantization"]["refused"] == "int8 is 1.09 times as fast here, less than 1.1"
        assert classifier.spec.fingerprint() == auto.spec.fingerprint(), "the same rows: either resumes the other"
    assert f"net.onnx runs in {auto.precision}, not in int8: int8 is 1.09 times as fast" in caplog.text


def test_what_int8_breaks_does_not_run(load, outlier_network, many, caplog):
    caplog.set_level(logging.INFO, "eyeful")
    for run in range(2):
        with load(outlier_network, many) as classifier:
            assert classifier.precision != "int8"
            found = classifier.provenance["quantization"]
            assert found["agreement"] < 0.95
            assert "held-out images, less than 0.95" in found["refused"]
        assert caplog.text.count("calibrating") == 1, f"run {run}: that it is refused is cached"
    assert caplog.text.count("not in int8: int8 gives the label of fp32 on") == 2
    (folder,) = cache_folder().glob("int8/*-*")
    assert not (folder / "model.xml").exists()
    assert all(entry.damage is None for entry in list_entries())
    with pytest.raises(UsageError, match=r"no int8 network of .* is cached"):
        load(outlier_network, None)


@pytest.mark.slow
def test_too_few_images_leave_auto_or_the_network_that_was_made_last(load, network, many, tmp_path, caplog):
    few = write_images(tmp_path, 5)
    with load(network, few) as classifier:
        assert classifier.precision != "int8"
        assert "5 images are too few" in classifier.provenance["quantization"]["refused"]
    assert "5 images are too few to calibrate int8 with (at least 20)" in caplog.text
    load(network, many).close()
    set_speeds(200, 100)
    for calibrate in (few, None):
        with load(network, calibrate) as classifier:
            assert classifier.precision == "int8"


@pytest.mark.slow
def test_images_that_are_named_and_not_there_are_refused(load, network, many, tmp_path):
    load(network, many).close()
    for calibrate, why in ((tmp_path / "no", "no: no such file"), ([], "none is named")):
        with pytest.raises(UsageError, match=f"no image to calibrate int8 with can be opened: .*{why}"):
            load(network, calibrate)


@pytest.mark.parametrize(
    "damaged",
    [
        "[5, 0]",
        *(pytest.param(text, marks=pytest.mark.slow) for text in ("[NaN, NaN]", "[1e999, 1]", "[1]", "null", "{")),
    ],
)
def test_a_damaged_speed_is_measured_again(fast, network, many, damaged):
    (file,) = cache_folder().glob("int8/*/speed-*.json")
    file.write_text(damaged)
    fast(network, many).close()
    assert min(json.loads(file.read_text())) > 0


@pytest.mark.slow
def test_other_images_and_other_labels_make_another_network(fast, network, many, tmp_path):
    names = set(cache_folder().glob("int8/*-*"))
    fast(network, write_images(tmp_path, 21)).close()
    assert len(names) == 1
    more = set(cache_folder().glob("int8/*-*"))
    assert len(more) == 2
    (tmp_path / "own.txt").write_text("v\nw\nx\ny\nz\n")
    set_speeds(200, 100)
    with eyeful.load(
        network, labels=tmp_path / "own.txt", precision="int8", calibrate=many, **INPUT
    ) as classifier:
        assert classifier.labels == tuple("vwxyz")


def test_its_spec_opens_the_very_same_or_is_refused(fast, network, many):
    with fast(network, many) as classifier:
        expected, spec = classifier.logits(many), classifier.spec
        with open_classifier(PredictorSpec.from_json(spec.to_json())) as again:
            assert (again.logits(many) == expected).all()
        assert pins_of(classifier.provenance)["quantization"] == spec.pinned["quantization"]
    assert "speed" not in spec.pinned["quantization"]
    bundle = read_bundle(Path(spec.model))
    assert spec.pinned["quantization"]["network_sha256"] == bundle.manifest.files["model.bin"]
    shutil.rmtree(cache_folder() / "int8")
    with pytest.raises(ModelError, match="is not here: copy that folder"):
        open_classifier(PredictorSpec.from_json(spec.to_json()))
    fast(network, many).close()
    set_speeds(200, 100)
    with fast(network, many) as made_again:
        assert made_again.spec.fingerprint() == spec.fingerprint()
    other = replace(spec, pinned=spec.pinned | {"quantization": spec.pinned["quantization"] | {"images": 3}})
    with pytest.raises(ModelError, match="quantization was"):
        open_classifier(other)


@pytest.mark.slow
def test_a_bundle_is_made_int8_too_and_an_int8_one_just_runs(fast, network, labels, many, tmp_path):
    request = ModelRequest(str(network), labels=labels, overrides=InputOverrides.of(**INPUT))
    export(request, tmp_path / "bundle", "openvino")
    options = {"precision": "int8", "calibrate": many}
    eyeful.load(tmp_path / "bundle", **options).close()
    set_speeds(200, 100)
    with eyeful.load(tmp_path / "bundle", **options) as classifier:
        assert classifier.precision == "int8"
        folder = classifier.spec.model
    with eyeful.load(folder, precision="int8", calibrate="nothing/that/is/there") as again:
        assert again.precision == "int8"
    export(request, tmp_path / "other", "onnxruntime")
    with pytest.raises(UsageError, match="is for the engine onnxruntime"):
        eyeful.load(tmp_path / "other", **options)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"engine": "torch"}, "int8 runs in openvino on the CPU: leave --engine torch out"),
        ({"device": "cuda"}, "int8 runs in openvino on the CPU: leave --device cuda out"),
        ({"exact": True}, "exact means torch in fp32"),
        ({"precision": "bf16"}, "--calibrate .in Python calibrate=. is for --precision int8"),
        ({"calibrate": None}, "no int8 network of .*net.onnx is cached: make one with images"),
        ({"torchcompile": True}, "torchcompile is for the engine torch"),
    ],
)
def test_what_does_not_go_together_is_refused(load, network, many, options, why):
    with pytest.raises(UsageError, match=why):
        load(network, **({"calibrate": many} | options))


def test_without_nncf_the_command_that_installs_it_is_said(load, network, many, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(MissingExtraError, match=r"pip install .*eyeful\[int8\]"):
        load(network, many)
    assert "calibrating" not in caplog.text, "nothing is said to be done that is not"


def test_images_are_taken_from_all_of_a_folder_and_the_first_of_a_generator(many, tmp_path):
    for number in range(2 * MOST):
        (tmp_path / f"{number:03d}.png").touch()
    names = [Path(item.filename).name for item in sample_of(str(tmp_path)).items]
    assert names == [f"{number:03d}.png" for number in range(0, 2 * MOST, 2)]
    generated = (str(path) for path in sorted(tmp_path.iterdir()))
    assert len(list(sample_of(generated).items)) == MOST
    assert len(list(generated)) == MOST, "no more of it is used up"


def test_images_that_are_errors_calibrate_nothing(load, network, many, tmp_path):
    (tmp_path / "bad.png").write_text("no image")
    with load(network, None, precision="auto") as classifier:
        sample = Sample.of(classifier, [str(tmp_path), str(many)])
        assert len(sample.images) == 40
        assert sample.digest == Sample.of(classifier, many).digest
        assert str(tmp_path / "bad.png") in sample.error


def test_a_copy_judges_nothing(load, network, tmp_path):
    (image,) = write_images(tmp_path, 1).glob("*.png")
    with load(network, [image] * 40) as classifier:
        assert "1 image is too few" in classifier.provenance["quantization"]["refused"]


def test_engines_are_measured_side_by_side(load, network):
    with load(network, None, precision="fp32") as one, load(network, None, precision="auto") as other:
        assert all(speed > 0 for speed in cached._measured(one.spec, other))
