"""Label sets, and a model's labels under the names of a file."""

from dataclasses import replace

import pytest

from eyeful.errors import UsageError
from eyeful.models import ModelRequest, find_model
from eyeful.models.labels import relabelled
from eyeful.types import Labels

OWN = Labels(("tench", "goldfish", "any cat"), ("n01440764", "n01443537", None))


def file(folder, text):
    path = folder / "labels.txt"
    path.write_text(text)
    return path


def test_names_are_a_files_and_wordnet_ids_stay(tmp_path):
    labels, notes = relabelled(OWN, ("a note",), file(tmp_path, "Schleie\nGoldfisch\nKatze"))
    assert labels == Labels(("Schleie", "Goldfisch", "Katze"), OWN.wnids)
    assert notes == ("a note",)


def test_assumed_wordnet_ids_go_with_the_assumed_names(tmp_path):
    assumed, notes = replace(OWN, assumed=True), ("a note", "in whatever words it is said that they are assumed")
    labels, notes = relabelled(assumed, notes, file(tmp_path, "Schleie\nGoldfisch\nKatze"))
    assert labels == Labels(("Schleie", "Goldfisch", "Katze"), (None,) * 3)
    assert notes == ("a note",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "n01443537 goldfish\nn01440764 tench\nn02123045 tabby",
            "index 0 is n01443537 there, n01440764 in the model",
        ),
        ("any cat\ngoldfish\ntench", "in another order"),
        ("tench\ngoldfish", "2 labels"),
    ],
)
def test_other_classes_are_refused(tmp_path, text, reason):
    with pytest.raises(UsageError, match=reason):
        relabelled(OWN, (), file(tmp_path, text))


def test_the_default_model_in_another_language(tmp_path):
    path = file(tmp_path, "".join(f"Klasse {n}\n" for n in range(1000)))
    model = find_model(ModelRequest(labels=path))
    assert (model.labels.names[281], model.labels.wnids[281]) == ("Klasse 281", "n02123045")


def test_a_checkpoint_with_the_number_of_classes_of_its_architectures_own_weights(tmp_path, monkeypatch):
    import torch

    from eyeful.models.base import Model
    from eyeful.models.checkpoint import apply_checkpoint
    from helpers import discriminating_state

    torch.save(discriminating_state("shufflenet_v2_x0_5", 3), tmp_path / "own.pth")
    base = find_model(ModelRequest("shufflenet_v2_x0_5"))
    flowers = Model("flowers", base.architecture, base.preprocessing, OWN, base.weights, base.load)
    model = apply_checkpoint(flowers, "shufflenet_v2_x0_5", tmp_path / "own.pth", None)
    assert model.labels == replace(OWN, assumed=True)
    assert "the names of flowers are assumed: --labels" in model.notes[0]
