"""What stands before the names of weights, and which of several copies is meant."""

from pathlib import Path

import pytest
import torch

from eyeful.errors import CheckpointError
from eyeful.models.checkpoint_unwrap import Candidate, candidates, content_of, left_out, other_parts

T = torch.ones(1)
PATH = Path("a.pth")


def test_every_tensor_has_the_keys_that_lead_to_it():
    content = {
        "state_dict": {"conv.weight": T, "fc": {"bias": T}},
        "optimizer": {"state": {0: {"exp_avg": T}}, "param_groups": [T]},
        "epoch": 3,
    }
    assert list(content_of(content, PATH).tensors) == ["state_dict.conv.weight", "state_dict.fc.bias"]


def test_a_dict_in_itself_ends():
    content = {"conv": T}
    content["again"] = content
    for _ in range(60):
        content = {"a": content, "b": content}
    assert set(content_of(content, PATH).tensors) == {"a." * 60 + "conv"}


def test_two_tensors_of_one_name():
    with pytest.raises(CheckpointError, match=r"two tensors that are called conv\.weight"):
        content_of({"conv.weight": T, "conv": {"weight": T * 2}}, PATH)


@pytest.mark.parametrize(
    ("content", "kind"), [([T], "a list"), ({}, "a dict"), (T, "a Tensor"), ({"epoch": 3}, "a dict with epoch")]
)
def test_no_weights_by_name(content, kind):
    with pytest.raises(CheckpointError, match=f"no weights by name, only {kind}"):
        content_of(content, PATH)


def test_a_group_is_every_common_first_part_at_any_depth():
    tensors = dict.fromkeys(("a.b.conv.weight", "a.b.fc.weight", "a.c.weight", "n"), T)
    found = candidates(tensors, least=2)
    assert [one.prefix for one in found] == ["", "a.", "a.b."]
    assert list(found[-1].state) == ["conv.weight", "fc.weight"]


def test_the_copy_that_training_scripts_mean():
    prefixes = ("net.", "model.", "ema.module.", "state_dict.", "model_ema.", "state_dict.ema_model.")
    ranked = sorted(prefixes, key=lambda prefix: Candidate(prefix, {}).rank)
    assert ranked[:4] == ["model_ema.", "state_dict.", "state_dict.ema_model.", "model."]
    assert ranked[-1] == "net."


def test_what_is_left_out_is_told_in_few_words():
    names = ("state_dict.model.conv.weight", "state_dict.loss.a", "state_dict.loss.b", "ema.x.y", "n_averaged")
    found = left_out(dict.fromkeys(names, T), Candidate("state_dict.model.", {}))
    assert found == ["state_dict.loss", "ema", "n_averaged"]


@pytest.mark.parametrize(
    ("content", "prefix", "parts"),
    [
        ({"backbone.conv": T, "head.weight": T}, "backbone.", ["head"]),
        ({"model.conv": T, "mean": T}, "model.", ["mean"]),
        ({"state_dict": {"net.conv": T, "head.weight": T}}, "state_dict.net.", ["state_dict.head"]),
        ({"encoder": {"conv": T}, "classifier": {"weight": T}}, "encoder.", ["classifier"]),
        ({"state_dict": {"model.conv": T, "criterion.weight": T}}, "state_dict.model.", []),
        ({"model": {"conv": T}, "head": {"weight": T}}, "model.", []),
        ({"module.conv": T, "n_averaged": T}, "module.", []),
        ({"net": {"conv": T}, "best_acc": T}, "net.", []),
        ({"student": {"conv": T}, "teacher": {"conv": T}}, "student.", []),
        ({"net": {"conv": T}, "ema": {"conv": T}, "optimizer": {"momentum": T}}, "net.", []),
    ],
    ids=str,
)
def test_what_may_be_a_part_of_the_network(content, prefix, parts):
    copies = [Candidate(prefix, {}), Candidate("teacher.", {})]
    assert other_parts(content_of(content, PATH), copies[0], copies) == parts
