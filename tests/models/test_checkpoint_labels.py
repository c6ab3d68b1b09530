"""Names of classes in a checkpoint: taken where they fit, told, never guessed."""

import argparse

import numpy as np
import pytest
import torch

from eyeful.models import ModelRequest, find_model
from eyeful.models.checkpoint_labels import labels_in
from eyeful.models.checkpoint_numpy import StoredArray, StoredType
from eyeful.models.labels import imagenet_labels, imagenet_wnids
from helpers import discriminating_state


def stored(array):
    """As a checkpoint gives it."""
    _, _, state = array.__reduce__()
    _, arguments, type_state = state[2].__reduce__()
    type_ = StoredType(*arguments)
    type_.__setstate__(type_state)
    found = StoredArray()
    found.__setstate__((*state[:2], type_, *state[3:]))
    return found


FLOWERS = ("rose", "tulip", "daisy")
INDEX = {name: index for index, name in enumerate(FLOWERS)}


@pytest.mark.parametrize(
    "content",
    [
        {"class_to_idx": INDEX},
        {"class_to_idx": {name: np.int64(index) for name, index in INDEX.items()}},
        {"idx_to_class": dict(enumerate(FLOWERS))},
        {"idx_to_class": {"2": "daisy", "0": "rose", "1": "tulip"}},
        {"class_names": list(FLOWERS)},
        {"classes": FLOWERS},
        {"CLASSES": FLOWERS},
        {"label_names": stored(np.array(FLOWERS))},
        {"label_names": stored(np.array(FLOWERS, dtype=object))},
        {"names": dict(enumerate(FLOWERS))},
        {"id2label": {"0": "rose", "1": "tulip", "2": "daisy"}, "label2id": INDEX},
        {"hyper_parameters": {"class_names": FLOWERS}},
        {"args": argparse.Namespace(classes=FLOWERS)},
        {"classes": ["a", "b"], "class_names": FLOWERS},
        {"idx_to_class": {1: "rose", 2: "tulip", 3: "daisy"}},
        {"class_to_idx": {"rose": 1, "tulip": 2, "daisy": 3}},
        {"idx_to_label": dict(enumerate(FLOWERS))},
        {"Index_to_name": {np.int64(index): [None, name] for name, index in INDEX.items()}},
        {"categories": stored(np.array(FLOWERS)), "classes": stored(np.array(3))},
    ],
)
def test_names_that_are_taken(content):
    labels, told = labels_in(content, 3)
    assert labels.names == FLOWERS
    assert told.endswith(" names the classes")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"classes": ["a", "b"]}, "classes has 2 names for 3 classes and was not used"),
        ({"classes": ["a", "b", "c"], "class_to_idx": INDEX}, "classes and class_to_idx disagree"),
        ({"class_to_idx": {"a": 1, "b": 2, "c": 4}}, "class_to_idx does not name each class once"),
        ({"class_to_idx": {"a": 0, "b": 0, "c": 1}}, "class_to_idx does not name each class once"),
        ({"names": {"0": "1", "1": "2", "2": "0"}}, "names does not name each class once"),
        ({"idx_to_label": {1: "a", 2: "b"}}, "idx_to_label has 2 names for 3 classes and was not used"),
        ({"labels": [[1, 0], [0, 1]]}, ""),
        ({"classes": 3}, ""),
        ({"classes": "abc"}, ""),
        ({"classes": [0, 1, 2]}, ""),
        ([1], ""),
    ],
)
def test_names_that_are_not_taken(content, told):
    labels, said = labels_in(content, 3)
    assert labels is None
    assert said.startswith(told)
    assert bool(said) == bool(told)


def test_names_of_imagenets_folders_are_wordnet_ids():
    assert labels_in({"classes": list(imagenet_wnids())}, 1000)[0] == imagenet_labels()
    assert labels_in({"classes": ["n02123045", "cat"]}, 2)[0].wnids == ("n02123045", None)


def test_the_users_labels_win(tmp_path):
    state = discriminating_state("shufflenet_v2_x0_5", 3)
    torch.save({"model": state, "classes": FLOWERS}, tmp_path / "a.pth")
    (tmp_path / "l.txt").write_text("a\nb\nc\n")
    model = find_model(ModelRequest("shufflenet_v2_x0_5", tmp_path / "a.pth", tmp_path / "l.txt"))
    assert model.labels.names == ("a", "b", "c")
    assert model.notes == ("a.pth: weights read from model.*",)
