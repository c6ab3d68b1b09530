"""`sure`: the answer is a group, from loading to the row; without it nothing changes."""

import json

import numpy as np
import pytest
from PIL import Image

import eyeful
from eyeful.bundle import Manifest
from eyeful.classifier import Classifier
from eyeful.errors import UsageError
from eyeful.predictor import Predictor, PredictorSpec
from eyeful.types import Group, Labels
from helpers import FAKE_PREPROCESSING, FakeEngine, fake_classifier, noise_image

DOGS = Labels(("pug", "chow", "teapot"), ("n02110958", "n02112137", "n04398044"))
"""Of three colours: red is a pug, green a chow, and yellow either."""
YELLOW = Image.new("RGB", (9, 9), (255, 255, 0))


def dogs(labels=DOGS, **options):
    manifest = Manifest("dogs", {}, FAKE_PREPROCESSING, labels, {"sha256": "0"}, "fake")
    return Classifier(Predictor(PredictorSpec(**options), FakeEngine(), manifest))


def test_a_group_is_the_answer():
    with dogs(sure=0.8) as clf:
        both, one = clf.predict([YELLOW, Image.new("RGB", (9, 9), "red")])
    assert both.group == Group("dog", "n02084071", pytest.approx(1), 2)
    assert both.answer == "dog (pug?)"
    assert one.group == Group("pug", "n02110958", pytest.approx(1), 1)
    assert one.answer == "pug"
    assert both.to_dict()["group"] == {"name": "dog", "wnid": "n02084071", "prob": both.group.prob, "labels": 2}


def test_no_group_holds_enough():
    with dogs(sure=0.8) as clf:
        found = clf.predict(Image.new("RGB", (9, 9), (200, 100, 200)))
    assert found.group is None
    assert found.answer == "unsure (pug?)"
    assert found.to_dict()["group"] is None


def test_rows_without_it_are_the_same_and_have_no_key():
    images = [YELLOW, noise_image(1), b"junk", noise_image(2)]
    with dogs() as plain, dogs(sure=0.8) as sure:
        before = [json.dumps(row.to_dict()) for row in plain.stream(images)]
        rows = [row.to_dict() for row in sure.stream(images)]
    assert '"group"' not in "".join(before)
    assert ["group" in row for row in rows] == [True, True, False, True], "an error has none"
    for row in rows:
        row.pop("group", None)
    assert [json.dumps(row) for row in rows] == before


def test_the_row_of_version_0_1(lite0):
    """Nothing came into the row of an answer without the new options, and nothing moved."""
    expected = "filename status index wnid label prob logit abstained top warnings error_kind error"
    assert " ".join(lite0.predict(noise_image(1)).to_dict()) == expected


def test_it_can_be_changed_in_a_loaded_model():
    with dogs() as clf:
        sure = clf.with_options(sure=0.9)
        assert sure.predict(YELLOW).group.name == "dog"
        assert clf.predict(YELLOW).group is None
        assert clf.predict(YELLOW).sure is None
        assert sure.spec.fingerprint() != clf.spec.fingerprint()
        assert sure.with_options(sure=None).spec.fingerprint() == clf.spec.fingerprint()


def test_one_image_with_a_share_of_its_own():
    predictor = dogs().predictor
    image = predictor.preprocess(eyeful.Item("yellow", YELLOW))
    logits = np.array([9, 9, 0], np.float32)
    assert predictor.postprocess(image, logits, sure=0.5).group.name == "dog"
    assert predictor.postprocess(image, logits).group is None
    predictor.close()


@pytest.mark.parametrize("activation", ["sigmoid", "none"])
def test_an_activation_whose_values_cannot_be_added_up(activation):
    with pytest.raises(UsageError, match=f"with the activation {activation}"):
        dogs(sure=0.8, activation=activation)
    with dogs(sure=0.8) as clf, pytest.raises(UsageError, match=f"with the activation {activation}"):
        clf.with_options(activation=activation)
    with dogs(activation=activation) as clf, pytest.raises(UsageError, match=f"with the activation {activation}"):
        clf.with_options(sure=0.8)


def test_labels_that_wordnet_does_not_know():
    with pytest.raises(UsageError, match="none of the model's 3 labels has a WordNet id"):
        fake_classifier(sure=0.8)


@pytest.mark.parametrize("sure", [0.49, 1.01, float("nan")])
def test_shares_that_make_no_sense(sure):
    with pytest.raises(UsageError, match=r"sure .* is not between 0\.5 and 1"):
        PredictorSpec(sure=sure)


def test_it_is_refused_before_the_engine_opens(bundle, monkeypatch):
    def no_engine(*_, **__):
        raise AssertionError("an engine was opened")

    monkeypatch.setattr("eyeful.engines.openvino.OpenVINOFamily.open", no_engine)
    with pytest.raises(UsageError, match="with the activation sigmoid"):
        eyeful.load(bundle, sure=0.8, activation="sigmoid")


def test_the_default_model(bundle, tmp_path):
    """By name and from a bundle, and again from its own spec."""
    path = tmp_path / "noise.png"
    noise_image(5).save(path)
    with eyeful.load(sure=0.5) as clf, eyeful.load(bundle, sure=0.5) as packed:
        found = clf.predict(path)
        assert packed.predict(path).to_dict() == found.to_dict()
        assert found.sure == 0.5
        if found.group is not None:
            assert found.group.prob >= 0.5
        with Classifier(Predictor.open(clf.predictor.spec)) as again:
            assert again.predict(path).to_dict() == found.to_dict()
