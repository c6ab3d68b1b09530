"""What stands before the names of weights, and which of several copies is meant."""

from pathlib import Path

import pytest
import torch

from eyeful.errors import CheckpointError
from eyeful.models.checkpoint_unwrap import Candidate, all_tensors, candidates, left_out

T = torch.ones(1)
PATH = Path("a.pth")


def test_every_tensor_has_the_keys_that_lead_to_it():
    content = {
        "state_dict": {"conv.weight": T, "fc": {"bias": T}},
        "optimizer": {"state": {0: {"exp_avg": T}}, "param_groups": [T]},
        "epoch": 3,
    }
    assert list(all_tensors(content, PATH)) == ["state_dict.conv.weight", "state_dict.fc.bias"]


@pytest.mark.parametrize(
    ("content", "kind"), [([T], "a list"), ({}, "a dict"), (T, "a Tensor"), ({"epoch": 3}, "a dict with epoch")]
)
def test_no_weights_by_name(content, kind):
    with pytest.raises(CheckpointError, match=f"no weights by name, only {kind}"):
        all_tensors(content, PATH)


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
