"""Every place that shows probabilities made of logits agrees with a calibration."""

import csv
import io

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

import eyeful
from eyeful.predictor import Predictor
from eyeful.results import Calibration, Coverage, Risk, made_for, softmax
from eyeful.server import ServerSettings, create_app
from eyeful.verify import verify
from helpers import FakeEngine, fake_classifier

TEMPERATURE = 2.0


def calibration_of(classifier):
    risk, coverage = Risk(0.05, 0.1, 0.6, 100, 70, 1), Coverage(0.9, 0.2, 100)
    provenance = made_for(classifier.provenance)
    return Calibration(classifier.model, "2026-01-02", provenance, 200, TEMPERATURE, 100, risk, coverage)


@pytest.fixture(scope="module")
def calibrated(lite0):
    return lite0.with_options(calibration=calibration_of(lite0).to_dict())


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_a_server_and_its_protocols():
    with fake_classifier() as plain:
        found = plain.with_options(calibration=calibration_of(plain).to_dict())
        image = png(np.full((8, 8, 3), (200, 190, 0), np.uint8))
        expected = softmax(np.array([20, 19, 0], np.float32), TEMPERATURE)
        with TestClient(create_app({"fake": found}, ServerSettings())) as client:
            (row,) = client.post("/v1/classify?logits=true", content=image).json()["results"]
            assert [score["prob"] for score in row["top"]] == pytest.approx(expected, rel=1e-5)
            assert row["logits"] == [20, 19, 0]
            assert [score["label"] for score in row["prediction_set"]] == ["red", "green"]
            assert row["abstained"] is False
            pixels = np.full((1, 8, 8, 3), (200, 190, 0), np.uint8)
            asked = {"name": "images", "shape": [1, 8, 8, 3], "datatype": "UINT8", "data": pixels.ravel().tolist()}
            reply = client.post("/v2/models/fake/infer", json={"inputs": [asked]})
            if reply.status_code == 200:
                assert reply.json()["outputs"][0]["data"] == pytest.approx(expected, rel=1e-5)
            (described,) = client.get("/v1/models").json()["models"]
            assert described["provenance"]["calibration"]["temperature"] == TEMPERATURE


def test_looking_inside(lite0, calibrated, images):
    image = images / "00.png"
    one, other = lite0.explain(image), calibrated.explain(image)
    assert np.array_equal(one.logits_K, other.logits_K)
    assert np.array_equal(other.probs_K, softmax(other.logits_K, TEMPERATURE))
    assert other.top[0].prob == pytest.approx(calibrated.predict(image).prob, abs=0.05)  # in torch's fp32
    assert other.top[0].prob == other.probs_K.max()
    figure = other.plot()
    assert any("by your calibration" in text.get_text() for text in figure.texts)
    assert not any("calibration" in text.get_text() for text in one.plot().texts)


@pytest.mark.slow
def test_verify_compares_the_networks(bundle, tmp_path, images):
    """And so takes a calibrated bundle, whose reference has another arithmetic than it was made for."""
    from eyeful.models import ModelRequest
    from eyeful.prepare import export

    with eyeful.load(bundle, precision="fp32") as classifier:
        calibration = calibration_of(classifier)
    export(ModelRequest("efficientnet_lite0"), tmp_path / "bundle", "openvino", calibration=calibration)
    found = verify(str(tmp_path / "bundle"), images, precision="fp32", topk=1)
    assert found.causes["engine and precision"].max_delta < 0.001


def test_sinks_say_unsure_and_write_the_set(calibrated, images, tmp_path):
    from eyeful.runs import run
    from eyeful.sinks.csv import CsvSink
    from eyeful.sources import open_source

    summary = run(calibrated, open_source(images), [CsvSink(tmp_path / "rows.csv")])
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    unsure = [row for row in rows if float(row["prob"]) < 0.6]
    assert summary.abstained == len(unsure) == sum(row["abstained"] == "true" for row in rows)
    assert any(unsure)


def test_a_half_precision_engine_that_overflows_is_asked_again_in_fp32_under_the_same_calibration():
    """The promise is about the model as it runs; one image in a thousand that overflows does not change it."""
    engine = FakeEngine(poison=(7, 7, 7), precision="bf16")
    with fake_classifier(engine, open_fp32=FakeEngine) as plain:
        found = plain.with_options(calibration=calibration_of(plain).to_dict())
        assert isinstance(found.predictor, Predictor)
        prediction = found.predict(np.full((8, 8, 3), 7, np.uint8))
        assert prediction.ok
        assert prediction.temperature == TEMPERATURE
