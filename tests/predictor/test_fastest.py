"""What `auto` opens: the engine and the settings that were measured to be fastest, or each engine's own choice."""

import logging

import numpy as np
import pytest

import eyeful
from eyeful.classifier import open_classifier
from eyeful.engines import Settings, measure, tuning
from eyeful.engines.tune import Found
from eyeful.engines.tuning import recorded_tunings
from eyeful.predictor import fastest as predictor_fastest


@pytest.fixture(autouse=True)
def _measuring(monkeypatch):
    monkeypatch.setenv("EYEFUL_AUTOTUNE", "1")
    monkeypatch.setattr(tuning, "_PUT_OFF", set())
    monkeypatch.setattr(tuning, "_QUIET", 0.0)  # other tests run beside this one
    monkeypatch.setattr(measure, "_SECONDS", 0.01)
    yield
    for path, _ in recorded_tunings():
        path.unlink()


@pytest.fixture
def last_is_fastest(monkeypatch):
    """A machine without bf16, on which the last candidate is the fastest, or the other engine where it is tried."""

    def fastest(candidates, probe_NHWC):
        assert len(probe_NHWC) >= 16
        others = [one for one in candidates if one.engine != candidates[0].engine]
        return Found((others or candidates)[-1], 2.0, "fp32")

    monkeypatch.setattr(tuning, "fastest", fastest)
    monkeypatch.setattr(predictor_fastest, "is_native", lambda precision: precision != "bf16")


def test_what_was_measured_is_told_and_decides_no_answer(bundle, images):
    with eyeful.load(bundle) as tuned, eyeful.load(bundle, autotune=False) as plain:
        told = tuned.predictor.manifest.tuning
        assert told["engine"] == "openvino"
        assert tuned.provenance["tuning"] == told
        assert tuned.batch_size == told["settings"]["batch_size"]
        assert plain.provenance["tuning"] is None
        assert plain.batch_size == 8
        assert tuned.spec.fingerprint() == plain.spec.fingerprint()
        assert np.array_equal(tuned.logits(images), plain.logits(images))


def test_the_settings_that_were_chosen_run(bundle, images, last_is_fastest):
    with eyeful.load(bundle) as tuned, eyeful.load(bundle, autotune=False) as plain:
        assert tuned.predictor.manifest.tuning["settings"] == {"streams": 0, "batch_size": 16}
        assert tuned.batch_size == 16
        assert np.array_equal(tuned.logits(images), plain.logits(images))


def test_a_batch_size_by_hand_wins(bundle, last_is_fastest):
    with eyeful.load(bundle, batch_size=3) as classifier:
        assert classifier.batch_size == 3


@pytest.mark.parametrize("off", [{"autotune": False}, {}])
def test_it_can_be_turned_off(bundle, off, monkeypatch):
    if not off:
        monkeypatch.setenv("EYEFUL_AUTOTUNE", "0")
    with eyeful.load(bundle, **off) as classifier:
        assert classifier.predictor.manifest.tuning is None
    assert not list(recorded_tunings())


@pytest.mark.slow
def test_a_faster_engine_is_taken_and_a_pinned_spec_opens_it_again(
    images, resnet18_checkpoint, last_is_fastest, caplog, monkeypatch
):
    caplog.set_level(logging.INFO, "eyeful")
    asked = {"name": "resnet18", "checkpoint": resnet18_checkpoint, "device": "cpu"}
    with eyeful.load(**asked) as classifier:
        assert classifier.engine == "onnxruntime"
        assert classifier.provenance["tuning"]["engine"] == "onnxruntime"
        expected, spec = classifier.logits(images), classifier.spec
    assert "trying onnxruntime too" in caplog.text
    caplog.clear()
    with eyeful.load(**asked) as again:
        assert again.spec.fingerprint() == spec.fingerprint()
    assert "measuring" not in caplog.text
    for path, _ in recorded_tunings():
        path.unlink()  # as on another machine
    monkeypatch.setenv("EYEFUL_AUTOTUNE", "0")
    with open_classifier(spec) as elsewhere:
        assert elsewhere.engine == "onnxruntime"
        assert np.array_equal(elsewhere.logits(images), expected)


@pytest.mark.parametrize("asked", [{"precision": "fp32"}, {"engine": "openvino"}])
def test_what_is_asked_for_by_hand_stays_with_openvino(asked, last_is_fastest):
    with eyeful.load("efficientnet_lite0", device="cpu", **asked) as classifier:
        assert classifier.engine == "openvino"
        assert classifier.batch_size == Settings(0, 16).batch_size


def test_an_exported_bundle_carries_no_machines_tuning(tmp_path, last_is_fastest):
    from eyeful.bundle import read_bundle
    from eyeful.models import ModelRequest
    from eyeful.prepare import export

    with eyeful.load("efficientnet_lite0", engine="openvino") as classifier:
        assert classifier.predictor.manifest.tuning
    made = export(ModelRequest("efficientnet_lite0"), tmp_path / "b", "openvino")
    assert "tuning" not in (made.folder / "manifest.json").read_text()
    assert read_bundle(made.folder).manifest.tuning is None
