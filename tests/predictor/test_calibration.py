"""A calibration in a predictor: heeded, or refused; without one, nothing changes."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest

import eyeful
from eyeful.bundle import Manifest
from eyeful.classifier import Classifier
from eyeful.errors import UsageError
from eyeful.predictor import Predictor, PredictorSpec
from eyeful.results import Calibration, Coverage, Risk, made_for
from eyeful.sinks.base import ExistingRow
from eyeful.types import Labels
from helpers import FAKE_LABELS, FAKE_PREPROCESSING, FakeEngine, fake_classifier


def calibration_for(classifier, temperature=2.0, threshold=0.6, coverage=0.2):
    return Calibration(
        classifier.model,
        "2026-01-02",
        made_for(classifier.provenance),
        200,
        temperature,
        100,
        Risk(0.05, 0.1, threshold, 100, 70, 1) if threshold else Risk(0.05, 0.1, None, 100, needs=500),
        Coverage(0.9, coverage, 100) if coverage else None,
    )


def image(red, green, blue):
    return np.full((8, 8, 3), (red, green, blue), np.uint8)


@pytest.fixture
def plain():
    with fake_classifier() as classifier:
        yield classifier


def test_rows_without_one_are_byte_equal(plain):
    """To what they were before there were any, and to those of {}."""
    row = json.dumps(plain.predict(image(200, 190, 0)).to_dict())
    assert row == (
        '{"filename": "array", "status": "ok", "index": 0, "wnid": null, "label": "red", "prob": 0.7310586, '
        '"logit": 20.0, "abstained": false, "top": [{"index": 0, "wnid": null, "label": "red", "prob": 0.7310586, '
        '"logit": 20.0}, {"index": 1, "wnid": null, "label": "green", "prob": 0.2689414, "logit": 19.0}, {"index": 2, '
        '"wnid": null, "label": "blue", "prob": 1.506824e-09, "logit": 0.0}], "warnings": [], "error_kind": null, '
        '"error": null}'
    ) or pytest.fail(row)
    assert json.dumps(plain.with_options(calibration={}).predict(image(200, 190, 0)).to_dict()) == row


def test_temperature_threshold_and_sets(plain):
    found = plain.with_options(calibration=calibration_for(plain).to_dict())
    sure, unsure = found.predict([image(200, 190, 0), image(200, 199, 0)])
    probs = [1 / (1 + np.exp(-0.5)), 1 / (1 + np.exp(0.5))]
    assert [score.prob for score in sure.top[:2]] == pytest.approx(probs, rel=1e-4)
    assert [score.logit for score in sure.top[:2]] == [20.0, 19.0]
    assert (sure.answer, unsure.answer) == ("red", "unsure (red?)")
    assert (sure.abstained, unsure.abstained) == (False, True)
    assert [score.label for score in sure.prediction_set] == ["red", "green"]
    assert sure.prediction_set == sure.top[:2]
    assert sure.to_dict()["prediction_set"] == sure.to_dict()["top"][:2]
    one = found.predict(image(200, 100, 0))
    assert [score.label for score in one.prediction_set] == ["red"]
    assert sure.temperature == 2.0


def test_the_stricter_of_two_thresholds_counts(plain):
    found = calibration_for(plain).to_dict()
    assert not plain.with_options(calibration=found, min_prob=0.1).predict(image(200, 190, 0)).abstained
    assert plain.with_options(calibration=found, min_prob=0.7).predict(image(200, 190, 0)).abstained
    nothing = calibration_for(plain, threshold=None, coverage=None).to_dict()
    prediction = plain.with_options(calibration=nothing).predict(image(200, 200, 200))
    assert (prediction.abstained, prediction.prediction_set) == (False, None)


def test_a_label_below_the_threshold_is_unsure_beside_groups_too(plain):
    """`sure` answers for groups; of a label alone, the promise counts."""
    manifest = replace(
        plain.predictor.manifest, labels=Labels(("pug", "chow", "teapot"), ("n02110958", "n02112137", None))
    )
    dogs = Classifier(Predictor(PredictorSpec(), FakeEngine(), manifest))
    calibrated = dogs.with_options(
        calibration=calibration_for(dogs, temperature=1.0, threshold=0.9).to_dict(), sure=0.75
    )
    label, group, sure = image(200, 0, 185), image(200, 190, 0), image(200, 0, 0)
    answers = [row.answer for row in calibrated.predict([label, group, sure])]
    assert answers == ["unsure (pug?)", "dog (pug?)", "pug"]
    again = [ExistingRow.of("", row.to_dict(), sure=True) for row in calibrated.predict([label, group, sure])]
    assert [(row.abstained, row.grouped) for row in again] == [(True, False), (False, True), (False, False)]


def test_thresholds_are_compared_bit_by_bit(plain):
    prob = plain.with_options(calibration=calibration_for(plain).to_dict()).predict(image(200, 190, 0)).prob
    for threshold, abstained in ((prob, False), (float(np.nextafter(np.float32(prob), np.float32(1))), True)):
        found = json.loads(json.dumps(calibration_for(plain, threshold=threshold, coverage=threshold).to_dict()))
        prediction = plain.with_options(calibration=found).predict(image(200, 190, 0))
        assert (prediction.abstained, len(prediction.prediction_set)) == (abstained, 0 if abstained else 1)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"full_decode": True}, "the decoding was reduced, now full"),
        ({"crop_mode": "squash"}, "crop_mode was center, is squash"),
        ({"activation": "sigmoid"}, "the activation was softmax, now sigmoid"),
    ],
)
def test_another_way_of_running_is_refused(plain, options, named):
    found = plain.with_options(calibration=calibration_for(plain).to_dict())
    with pytest.raises(UsageError, match=named):
        found.with_options(**options)


def test_another_precision_is_refused_with_both_names(plain):
    calibration = calibration_for(plain).to_dict()
    with pytest.raises(UsageError, match=r"was fp32 \(--precision fp32\), now bf16"):
        fake_classifier(FakeEngine(precision="bf16"), calibration=calibration)


def test_a_bundle_applies_its_own_and_none_turns_it_off(plain):
    calibration = calibration_for(plain).to_dict()
    manifest = Manifest("fake", {}, FAKE_PREPROCESSING, FAKE_LABELS, {"sha256": "0"}, "fake")
    manifest = replace(manifest, calibration=calibration)
    found = Predictor(PredictorSpec(), FakeEngine(), manifest)
    assert found.calibration.temperature == 2.0
    assert found.provenance["calibration"] == found.spec.pinned["calibration"] == calibration
    without = found.with_options(calibration={})
    assert without.calibration is None
    assert without.provenance["calibration"] is None
    assert without.spec.fingerprint() != found.spec.fingerprint()
    found.close()


def test_the_fingerprint_and_the_keys_know_it(plain):
    found = plain.with_options(calibration=calibration_for(plain).to_dict())
    other = plain.with_options(calibration=calibration_for(plain, temperature=2.1).to_dict())
    assert len({one.spec.fingerprint() for one in (plain, found, other)}) == 3
    assert found.spec.reproducibility_keys()["calibration"]["temperature"] == 2.0
    asked = PredictorSpec(calibration=calibration_for(plain).to_dict())
    assert asked.reproducibility_keys()["calibration"]["temperature"] == 2.0
    assert PredictorSpec.from_json(asked.to_json()) == asked
    assert pickle.loads(pickle.dumps(asked)) == asked  # noqa: S301
    with pytest.raises(UsageError, match="not a calibration"):
        PredictorSpec(calibration={"temperature": 2})


@pytest.mark.slow
def test_load_takes_a_file_an_object_or_none(bundle, tmp_path):
    with eyeful.load(bundle, precision="fp32") as classifier:
        calibration = calibration_for(classifier)
        plain = classifier.predict(image(200, 190, 0))
    calibration.write(tmp_path / "c.json")
    for asked in (calibration, tmp_path / "c.json", str(tmp_path / "c.json")):
        with eyeful.load(bundle, precision="fp32", calibration=asked) as classifier:
            found = classifier.predict(image(200, 190, 0))
            assert found.prob < plain.prob
            assert np.array_equal(found.logits, plain.logits)
            again = pickle.loads(pickle.dumps(classifier))  # noqa: S301
            assert again.predict(image(200, 190, 0)) == found
            again.close()
    with eyeful.load(bundle, precision="fp32", calibration="none") as classifier:
        assert classifier.predict(image(200, 190, 0)) == plain
    (tmp_path / "labels.txt").write_text("\n".join(f"label {n}" for n in range(1000)))
    with pytest.raises(UsageError, match="the labels were"):
        eyeful.load(bundle, precision="fp32", calibration=calibration, labels=tmp_path / "labels.txt")
    with pytest.raises(UsageError, match="not a int"):
        eyeful.load(bundle, calibration=3)
