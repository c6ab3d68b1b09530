"""Names in older files → TorchVision's of today."""

import re

import pytest
import torch

from eyeful.models import Architecture, build
from eyeful.models.torchvision_names import renamed_by_torchvision


@pytest.mark.parametrize(
    ("name", "pattern", "older"),
    [
        ("densenet121", r"(norm|conv)([12])\.", r"\1.\2."),
        ("vit_b_32", r"mlp\.0\.", "mlp.linear_1."),
    ],
)
def test_older_names(name, pattern, older):
    architecture = Architecture("torchvision", name, 5)
    state = build(architecture).state_dict()
    state = {key: tensor for key, tensor in state.items() if "num_batches" not in key}
    found = renamed_by_torchvision(architecture, {re.sub(pattern, older, key): one for key, one in state.items()})
    assert {key for key in found if "num_batches" not in key} == state.keys()
    assert all(torch.equal(found[key], tensor) for key, tensor in state.items())


@pytest.mark.parametrize("name", ["densenet121", "vit_b_32", "resnet18", "mnasnet0_5"])
def test_names_that_no_rule_knows(name):
    assert renamed_by_torchvision(Architecture("torchvision", name, 5), {"a.weight": torch.ones(2)}) is None
