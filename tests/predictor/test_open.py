"""A spec → its parts: labels of a file, and what a user is told about a model."""

import logging

import pytest

import eyeful
from eyeful.predictor import open as opening


@pytest.fixture
def german(tmp_path):
    path = tmp_path / "deutsch.txt"
    path.write_text("".join(f"Klasse {n}\n" for n in range(1000)))
    return path


def test_a_bundle_under_the_names_of_a_file(bundle, german, images):
    with eyeful.load(bundle) as plain, eyeful.load(bundle, labels=german) as named:
        one, other = plain.predict(images / "01.jpg"), named.predict(images / "01.jpg")
        assert other.label == f"Klasse {one.top[0].index}"
        assert other.top[0].wnid == one.top[0].wnid is not None
        assert named.spec.fingerprint() != plain.spec.fingerprint()
    german.write_text("rose\n")
    with pytest.raises(eyeful.UsageError, match="has 1 labels, the weights have 1000 classes"):
        eyeful.load(bundle, labels=german)


def test_a_note_is_told_once_and_not_by_a_pinned_spec(resnet18_checkpoint, caplog, monkeypatch):
    monkeypatch.setattr(opening, "_told", set())
    with caplog.at_level(logging.WARNING, "eyeful"):
        for _ in range(2):  # the second one finds its bundle in the cache
            with eyeful.load("resnet18", checkpoint=resnet18_checkpoint, topk=1) as classifier:
                spec = classifier.spec
        monkeypatch.setattr(opening, "_told", set())
        eyeful.classifier.open_classifier(spec).close()
    assert [line for line in caplog.messages if "ImageNet's names are assumed" in line] == list(
        classifier.predictor.manifest.notes
    )


def test_a_card_of_a_bundle_keeps_the_note(resnet18_checkpoint, tmp_path):
    from eyeful.bundle import read_bundle
    from eyeful.models import ModelRequest
    from eyeful.prepare import export

    export(ModelRequest("resnet18", resnet18_checkpoint), tmp_path / "b", "openvino")
    assert "ImageNet's names are assumed" in read_bundle(tmp_path / "b").manifest.notes[0]
