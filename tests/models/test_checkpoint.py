"""Local checkpoints: what wraps them, what they hold, and what is refused."""

import argparse
import json
import pickle
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from eyeful.errors import CheckpointError, UsageError
from eyeful.models import ModelRequest, find_model
from eyeful.preprocessing import InputOverrides
from helpers import discriminating_state


@pytest.fixture(scope="module")
def state():
    return discriminating_state("shufflenet_v2_x0_5", 7)


def loaded(path, name="shufflenet_v2_x0_5", labels=None):
    model = find_model(ModelRequest(name, path, labels))
    module, weights = model.load()
    return model, module, weights


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"model": state},
        lambda state: {"model_state_dict": state},
        lambda state: {f"module.{name}": tensor for name, tensor in state.items()},
        lambda state: {"state_dict": {f"module._orig_mod.{name}": tensor for name, tensor in state.items()}},
        lambda state: {"state_dict": {f"model.{name}": tensor for name, tensor in state.items()}},
    ],
)
def test_wrappers_are_taken_off(state, wrap, tmp_path):
    torch.save(wrap(state), tmp_path / "a.pth")
    model, module, _ = loaded(tmp_path / "a.pth")
    assert len(model.labels) == 7
    assert model.labels.names[3] == "class 3"
    assert not module.training
    assert all(torch.equal(tensor, state[name]) for name, tensor in module.state_dict().items())
    assert not any(parameter.requires_grad for parameter in module.parameters())


def test_safetensors(state, tmp_path):
    save_file(state, tmp_path / "a.safetensors")
    _, module, weights = loaded(tmp_path / "a.safetensors")
    assert torch.equal(module.state_dict()["fc.weight"], state["fc.weight"])
    assert len(weights.sha256) == 64


def test_labels_of_a_checkpoint(state, tmp_path):
    torch.save(state, tmp_path / "a.pth")
    (tmp_path / "names.txt").write_text("\n".join("abcdefg") + "\n")
    assert loaded(tmp_path / "a.pth", labels=tmp_path / "names.txt")[0].labels.names == tuple("abcdefg")
    serve = {str(i): [f"n{i}", f"name {i}"] for i in range(7)}
    (tmp_path / "index_to_name.json").write_text(json.dumps(serve))
    labels = loaded(tmp_path / "a.pth", labels=tmp_path / "index_to_name.json")[0].labels
    assert (labels.names[6], labels.wnids[6]) == ("name 6", "n6")
    (tmp_path / "plain.json").write_text(json.dumps({str(i): f"name {i}" for i in range(7)}))
    assert loaded(tmp_path / "a.pth", labels=tmp_path / "plain.json")[0].labels.wnids[0] is None


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("few.txt", "a\nb\n", "2 labels, the weights have 7"),
        ("bad.json", "{", "neither"),
        ("gap.json", '{"0": "a", "2": "b"}', "not 0 to 1 or 1 to 2"),
        ("none.txt", None, "cannot be read"),
    ],
)
def test_labels_that_do_not_fit(state, tmp_path, name, text, reason):
    torch.save(state, tmp_path / "a.pth")
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=reason):
        loaded(tmp_path / "a.pth", labels=tmp_path / name)


def test_imagenet_labels_where_there_are_1000_classes_with_a_note(resnet18_checkpoint, tmp_path):
    model = find_model(ModelRequest("resnet18", resnet18_checkpoint))
    assert model.labels.names[281] == "tabby"
    assert len(model.notes) == 1
    assert "ImageNet's names are assumed: --labels" in model.notes[0]
    (tmp_path / "own.txt").write_text("".join(f"Klasse {n}\n" for n in range(1000)))
    named = find_model(ModelRequest("resnet18", resnet18_checkpoint, tmp_path / "own.txt"))
    assert (named.labels.names[281], named.labels.wnids[281], named.notes) == ("Klasse 281", None, ())


def test_a_misfit_names_the_first_tensor_and_the_nearest_architecture(resnet18_checkpoint):
    with pytest.raises(CheckpointError) as caught:
        loaded(resnet18_checkpoint, "resnet34")
    assert "layer1.2.conv1.weight" in str(caught.value)
    assert "--model resnet18" in str(caught.value)
    with pytest.raises(CheckpointError, match=r"--model resnet18"):
        loaded(resnet18_checkpoint, "efficientnet_lite0")


@pytest.mark.parametrize(
    ("shape", "channels"),
    [((24, 1, 3, 3), "1 channel;"), ((24, 4, 3, 3), "4 channels;"), ((24, 1, 7, 7), "1 channel;")],
)
@pytest.mark.parametrize("prefix", ["", "net.module."])
def test_a_network_for_other_channels_is_one(state, tmp_path, shape, channels, prefix):
    other = state | {"conv1.0.weight": torch.zeros(shape)}
    torch.save({prefix + name: tensor for name, tensor in other.items()}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=f"is a network for {channels}") as caught:
        loaded(tmp_path / "a.pth")
    assert "looks like" not in str(caught.value)


@pytest.mark.parametrize(
    "prefix",
    [
        *("_orig_mod.module.", "model._orig_mod.", "module.module.", "model.model.", "module._orig_mod.model."),
        *("net.", "backbone.", "encoder.", "network.", "anything.at.all."),
    ],
)
@pytest.mark.parametrize(
    "counters", [pytest.param(True, id="today"), pytest.param(False, id="before 0.4.1", marks=pytest.mark.slow)]
)
def test_prefixes_are_taken_off_in_any_order(state, tmp_path, prefix, counters):
    saved = {
        name: tensor for name, tensor in state.items() if counters or not name.endswith("num_batches_tracked")
    }
    torch.save({"state_dict": {prefix + name: tensor for name, tensor in saved.items()}}, tmp_path / "a.pth")
    model, module, _ = loaded(tmp_path / "a.pth")
    assert model.notes == (f"a.pth: weights read from state_dict.{prefix}*",)
    assert all(torch.equal(module.state_dict()[name], tensor) for name, tensor in saved.items())


def test_two_copies_that_are_equal_are_one(state, tmp_path):
    torch.save({"student": state, "teacher": dict(state)}, tmp_path / "a.pth")
    assert loaded(tmp_path / "a.pth")[0].notes == ("a.pth: weights read from student.*; left out: teacher",)


@pytest.mark.parametrize(
    "name", [pytest.param("inception_v3", marks=pytest.mark.slow), "googlenet", "mnasnet0_5", "squeezenet1_1"]
)
def test_networks_with_options_of_their_own_are_unwrapped_too(tmp_path, name):
    options = {"init_weights": False} if name in ("inception_v3", "googlenet") else {}
    from eyeful.models.torchvision_import import import_torchvision

    weights = import_torchvision().models.get_model(name, weights=None, num_classes=5, **options).state_dict()
    torch.save({"net": {f"module.{key}": tensor for key, tensor in weights.items()}}, tmp_path / "a.pth")
    model, module, _ = loaded(tmp_path / "a.pth", name)
    assert len(model.labels) == 5
    assert all(torch.equal(module.state_dict()[key], tensor) for key, tensor in weights.items())


def test_a_transposed_tensor_is_named(state, tmp_path):
    torch.save(state | {"conv1.0.weight": torch.zeros(24, 3, 5, 5)}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=r"conv1\.0\.weight is \[24, 3, 5, 5\] .* \[24, 3, 3, 3\]"):
        loaded(tmp_path / "a.pth")


def test_weights_that_are_not_finite_are_refused_by_name(state, tmp_path):
    broken = state["fc.weight"].clone()
    broken[0, 0] = float("nan")
    torch.save(state | {"fc.weight": broken}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=r"fc\.weight"):
        loaded(tmp_path / "a.pth")


class _Evil:
    def __reduce__(self):
        return open, (str(_Evil.canary), "w")


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    _Evil.canary = tmp_path / "canary"
    (tmp_path / "raw.pt").write_bytes(pickle.dumps(_Evil()))
    torch.save({"state_dict": _Evil()}, tmp_path / "wrapped.pth")
    (tmp_path / "named.safetensors").write_bytes(pickle.dumps(_Evil()))
    for name in ("raw.pt", "wrapped.pth", "named.safetensors"):
        with pytest.raises(CheckpointError):
            loaded(tmp_path / name)
    assert not _Evil.canary.exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"\x80\x02}."])
def test_damaged_files(tmp_path, content):
    for name in ("a.pth", "a.safetensors"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CheckpointError) as caught:
            loaded(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_a_pickled_model_says_what_to_save(tmp_path):
    torch.save({"state_dict": {"fc.weight": "not a tensor"}}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=r"model\.state_dict\(\)"):
        loaded(tmp_path / "a.pth")


def test_a_timm_checkpoint(tmp_path):
    from eyeful.models.torchvision_import import import_timm

    state = import_timm().create_model("resnet10t", num_classes=5).state_dict()
    torch.save({"state_dict_ema": state, "state_dict": {}}, tmp_path / "a.pth")
    model, module, _ = loaded(tmp_path / "a.pth", "timm/resnet10t")
    assert len(model.labels) == 5
    assert torch.equal(module.state_dict()["fc.weight"], state["fc.weight"])


def test_a_head_behind_dropout_is_told_how_to_be_renamed(state, tmp_path):
    moved = {name.replace("fc.", "fc.1."): tensor for name, tensor in state.items()}
    torch.save(moved, tmp_path / "own.pth")
    with pytest.raises(
        CheckpointError, match=r"its last layer is called fc\.1, not fc; if only dropout stands before"
    ):
        loaded(tmp_path / "own.pth")


@pytest.mark.parametrize(
    ("noted", "told"),
    [
        (
            {"mean": [0.5] * 3, "std": [0.5] * 3, "img_size": 128},
            "--img-size 128x128 --mean 0.5 0.5 0.5 --std 0.5 0.5 0.5",
        ),
        ({"input_size": (3, 128, 96)}, "--img-size 128x96"),
        ({"mean": (0.485, 0.456, 0.406), "img_size": None}, None),
        ({"mean": "imagenet", "img_size": 224}, None),
        ({"lr": 0.1}, None),
    ],
)
def test_the_input_of_the_training_is_told_where_it_is_another(state, tmp_path, noted, told):
    torch.save({"state_dict": state, "args": argparse.Namespace(**noted)}, tmp_path / "own.pth")
    request = ModelRequest("shufflenet_v2_x0_5", tmp_path / "own.pth")
    notes = [note for note in find_model(request).notes if "another input" in note]
    assert bool(notes) == (told is not None)
    if told is not None:
        assert f"args says that it was trained with another input, which is not used: {told} sets it" in notes[0]
        size = noted.get("img_size") or noted["input_size"][1:]
        given = InputOverrides.of(size, noted.get("mean"), noted.get("std"))
        again = find_model(replace(request, overrides=given))
        assert not [note for note in again.notes if "another input" in note]
