"""Authors' names → timm's, as timm's own load translates them."""

import re

import pytest
import torch

from eyeful.models import Architecture
from eyeful.models.timm_names import _family_filter, name_today, renamed_by_timm
from eyeful.models.torchvision_import import import_timm


def state_of(name):
    torch.manual_seed(0)
    return import_timm().create_model(name, num_classes=5).state_dict()


def translated(name, state):
    return renamed_by_timm(Architecture("timm", name, 1000), state)


def swin_as_published(name):
    moved = re.match(r"layers\.(\d)\.downsample\.(.*)", name)
    if moved:
        return f"layers.{int(moved[1]) - 1}.downsample.{moved[2]}"
    return name.replace("head.fc.", "head.")


def densenet_as_published(name):
    return re.sub(r"(norm|conv)([12])\.", r"\1.\2.", name)


@pytest.mark.parametrize(
    ("name", "as_published"),
    [
        ("swin_tiny_patch4_window7_224", swin_as_published),
        ("densenet121", densenet_as_published),
    ],
)
def test_the_authors_file(name, as_published):
    state = {key: tensor for key, tensor in state_of(name).items() if "num_batches" not in key}
    published = {as_published(key): tensor for key, tensor in state.items()}
    found = translated(name, published)
    assert found.keys() == state.keys()
    assert all(torch.equal(found[key], tensor) for key, tensor in state.items())


def test_a_family_without_a_rule():
    assert translated("resnet10t", {"a.weight": torch.ones(5, 2)}) is None


@pytest.mark.parametrize("state", [{"a": torch.ones(())}, {"layers.weight": torch.ones(5, 2)}])
@pytest.mark.parametrize("name", ["convnext_atto", "swin_tiny_patch4_window7_224", "vit_tiny_patch16_224"])
def test_whatever_a_rule_says_of_another_file_is_no_traceback(name, state):
    assert translated(name, state) is None


def test_position_embeddings_are_not_stretched():
    name = "vit_tiny_patch16_224"
    state = state_of(name) | {"pos_embed": torch.rand(1, 577, 192)}
    module, function = _family_filter(Architecture("timm", name, 5), 5)
    assert function(dict(state), module)["pos_embed"].shape == (1, 197, 192), "timm's own load stretches"
    assert translated(name, state) is None


def test_timms_own_load_is_as_before():
    from timm.models import _builder

    before = _builder.load_pretrained
    translated("convnext_atto", {"a": torch.ones(())})
    assert _builder.load_pretrained is before


def test_older_names_of_models():
    assert name_today("tf_efficientnet_b0_ns") == ": --model timm/tf_efficientnet_b0.ns_jft_in1k"
    assert name_today("resnet18") == ""
