"""docs/models.md: each line of its table is tried as it stands there."""

import argparse
import collections
import datetime as dt
import fractions
import json
import pathlib
import pickle
import re
import tarfile
import warnings
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from eyeful.errors import CheckpointError
from eyeful.models import ModelRequest, find_model
from eyeful.models.torchvision_import import import_timm, import_torchvision

DOC = pathlib.Path(__file__).parents[2] / "docs" / "models.md"
ROW = re.compile(r"^\| (.+?) \| (read|refused) \|(?: `(.+)`)? \|$", re.MULTILINE)
ROWS = {what: (outcome, says) for what, outcome, says in ROW.findall(DOC.read_text(encoding="utf-8"))}


def random_state(module):
    generator = torch.Generator().manual_seed(0)
    return {
        name: torch.rand(tensor.shape, generator=generator) if tensor.is_floating_point() else tensor
        for name, tensor in module.state_dict().items()
    }


SHUFFLENET = random_state(import_torchvision().models.shufflenet_v2_x0_5(num_classes=5))
OTHER = {name: tensor * 2 for name, tensor in SHUFFLENET.items()}


def named(prefix, state=SHUFFLENET):
    return {prefix + name: tensor for name, tensor in state.items()}


def without(ending, state=SHUFFLENET):
    return {name: tensor for name, tensor in state.items() if not name.endswith(ending)}


def save(content, **options):
    def write(folder):
        torch.save(content, folder / "a.pth", **options)
        return folder / "a.pth"

    return write


def save_made(make):
    """For networks that take a moment to build."""

    def write(folder):
        return save(make())(folder)

    return write


def save_with(**beside):
    return save({"model": SHUFFLENET, **beside})


def bytes_of(content, name="a.pth"):
    def write(folder):
        (folder / name).write_bytes(content)
        return folder / name

    return write


def safetensors(folder):
    save_file(SHUFFLENET, folder / "a.pth")
    return folder / "a.pth"


def of_another_thing(folder):
    save_file({"unet.lora_A.weight": torch.ones(2, 2)}, folder / "a.safetensors")
    return folder / "a.safetensors"


def archive(kind, *names):
    def write(folder):
        if kind == "zip":
            with zipfile.ZipFile(folder / "a.pth", "w") as file:
                for name in names:
                    file.writestr(name, "")
        else:
            with tarfile.open(folder / "a.pth", "w") as file:
                for name in names:
                    file.addfile(tarfile.TarInfo(name))
        return folder / "a.pth"

    return write


def torchscript(folder):
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), folder / "a.pt")
    return folder / "a.pt"


def exported(folder):
    torch.export.save(torch.export.export(torch.nn.Linear(2, 2), (torch.ones(1, 2),)), folder / "a.pt2")
    return folder / "a.pt2"


def onnx(folder):
    import onnx

    value = onnx.helper.make_tensor_value_info("x", 1, [1])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["x"])], "g", [value], [value])
    onnx.save(onnx.helper.make_model(graph), folder / "a.pth")
    return folder / "a.pth"


def openvino(folder):
    import openvino as ov

    x = ov.opset13.parameter([1], np.float32)
    ov.save_model(ov.Model([ov.opset13.relu(x)], [x]), folder / "a.xml")
    return folder / "a.xml"


def npz(folder):
    np.savez(folder / "a.npz", kernel=np.ones(3))
    return folder / "a.npz"


def cut(folder):
    path = save(SHUFFLENET)(folder)
    path.write_bytes(path.read_bytes()[:9999])
    return path


def subfolder(folder):
    (folder / "weights").mkdir()
    return folder / "weights"


def old_densenet():
    state = without("num_batches_tracked", random_state(import_torchvision().models.densenet121(num_classes=5)))
    return {re.sub(r"(norm|conv)([12])\.", r"\1.\2.", name): tensor for name, tensor in state.items()}


def authors_convnext():
    state = random_state(import_timm().create_model("convnext_atto", num_classes=5))
    rules = (
        (r"^stem\.", "downsample_layers.0."),
        (r"^stages\.(\d)\.downsample\.", r"downsample_layers.\1."),
        (r"\.blocks\.", "."),
        (r"conv_dw", "dwconv"),
        (r"mlp\.fc", "pwconv"),
        (r"^head\.norm", "norm"),
        (r"^head\.fc", "head"),
    )
    renamed = {}
    for name, tensor in state.items():
        for pattern, replacement in rules:
            name = re.sub(pattern, replacement, name)  # noqa: PLW2901
        # the authors' pointwise convolutions are matrices
        renamed[name] = tensor.flatten(1) if "pwconv" in name and tensor.ndim == 4 else tensor
    return {"model": renamed}


def resnet18():
    return random_state(import_torchvision().models.resnet18())


BESIDE = {
    "args": argparse.Namespace(lr=0.1, out=pathlib.PurePosixPath("out"), classes=5),
    "best": np.float64(0.9),
    "curve": np.ones(3),
    "at": dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
    "log": collections.defaultdict(list, loss=[1.0]),
    "last": collections.deque([1, 2]),
    "windows": pathlib.PureWindowsPath("a"),
    "version": torch.__version__,
}
FLOWERS = {name: index for index, name in enumerate(("rose", "tulip", "daisy", "iris", "lily"))}
TORCH_0_1 = archive("tar", "sys_info", "pickle", "storages", "tensors")
FILES = {
    "`model.state_dict()`": save(SHUFFLENET),
    "the same as safetensors, called .pth": safetensors,
    "in half precision": save({name: t.half() if t.is_floating_point() else t for name, t in SHUFFLENET.items()}),
    '`{"state_dict": ..., "epoch": 3}`': save({"state_dict": SHUFFLENET, "epoch": 3}),
    '`{"net": ...}`, or any other key': save({"net": SHUFFLENET, "acc": 93.1}),
    "`_orig_mod.module.` before every name": save({"state_dict": named("_orig_mod.module.")}),
    "`backbone.` before every name, or any other first part": save(named("backbone.")),
    "Lightning's, with the weights of a loss": save(
        {"state_dict": named("model.") | {"criterion.weight": torch.ones(5)}, "pytorch-lightning_version": "2"}
    ),
    "`state_dict_ema` beside `state_dict`": save({"state_dict": OTHER, "state_dict_ema": SHUFFLENET}),
    "`model` beside `ema`": save({"model": SHUFFLENET, "ema": {"module": OTHER, "updates": 3}}),
    "`AveragedModel`, with `n_averaged`": save(named("module.") | {"n_averaged": torch.tensor(3)}),
    "no `num_batches_tracked` (before PyTorch 0.4.1)": save(without("num_batches_tracked")),
    "`total_ops`, `total_params` of the profiler thop": save(
        SHUFFLENET | {"total_ops": torch.zeros(1), "conv1.total_params": torch.zeros(1)}
    ),
    "`argparse.Namespace`, paths, NumPy scalars, dates, collections beside the weights": save_with(**BESIDE),
    "old names of TorchVision's densenet": save_made(old_densenet),
    "the authors' names of ConvNeXt, for `timm/convnext_atto`": save_made(authors_convnext),
    "`class_to_idx` beside the weights": save_with(class_to_idx=FLOWERS),
    "`classes` of another number": save_with(classes=["rose", "tulip"]),
    "`classes` and `class_names` that disagree": save_with(classes=list("abcde"), class_names=list("edcba")),
    "two networks that fit, `student` and `teacher`": save({"student": SHUFFLENET, "teacher": OTHER}),
    "a whole network as `backbone` with a head behind it": save(
        named("backbone.") | {"head.weight": torch.ones(3, 5)}
    ),
    "another architecture": save_made(resnet18),
    "a head that is missing": save(without(("fc.weight", "fc.bias"))),
    "a network for 1 channel": save(SHUFFLENET | {"conv1.0.weight": torch.ones(24, 1, 3, 3)}),
    "weights with NaN": save(SHUFFLENET | {"fc.bias": torch.full((5,), torch.nan)}),
    "int8 weights without their scale": save({name: tensor.to(torch.int8) for name, tensor in SHUFFLENET.items()}),
    "tensors of the meta device": save({name: tensor.to("meta") for name, tensor in SHUFFLENET.items()}),
    "an object of another class beside the weights": save_with(lr=fractions.Fraction(1, 10)),
    "`torch.save(model)`": save(torch.nn.Sequential(torch.nn.Linear(2, 2))),
    "a pickle of another library": bytes_of(pickle.dumps({"coef_": [1.0]}), "a.pkl"),
    "`pickle_protocol=4`": save(SHUFFLENET, pickle_protocol=4),
    "TorchScript": torchscript,
    "a program of torch.export": exported,
    "ONNX": onnx,
    "OpenVINO's .xml": openvino,
    "Keras's .h5": bytes_of(b"\x89HDF\r\n\x1a\n" + bytes(99), "a.h5"),
    "TensorFlow's saved_model.pb": bytes_of(b"\x08\x01\x12\xff" + bytes(99), "saved_model.pb"),
    "TensorFlow's frozen graph": bytes_of(b"\n\x10\n\x05input\x12\x0bPlaceholder", "frozen.pb"),
    "NumPy's .npz": npz,
    "torch 0.1's tar": TORCH_0_1,
    "another tar archive": archive("tar", "a.pth"),
    "a zip file of something else": archive("zip", "cat.jpg"),
    "gzip": bytes_of(b"\x1f\x8b\x08\0" + bytes(99), "a.pth.gz"),
    "safetensors of another thing": of_another_thing,
    "the index of several safetensors files": bytes_of(json.dumps({"metadata": {}, "weight_map": {}}).encode()),
    "an HTML page": bytes_of(b"\n<!DOCTYPE html><html><title>Sign in</title>"),
    "a Git LFS pointer": bytes_of(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
    "a file that was cut off": cut,
    "an empty file": bytes_of(b""),
    "a folder": subfolder,
    "something else": bytes_of(b"hello"),
}
ARCHITECTURES = {
    "old names of TorchVision's densenet": "densenet121",
    "the authors' names of ConvNeXt, for `timm/convnext_atto`": "timm/convnext_atto",
}


def test_the_table_and_the_files_are_the_same():
    assert list(ROWS) == list(FILES)


@pytest.mark.parametrize("what", ROWS)
def test_line(what, tmp_path):
    outcome, says = ROWS[what]
    name = ARCHITECTURES.get(what, "shufflenet_v2_x0_5")
    request = ModelRequest(name, FILES[what](tmp_path))
    if outcome == "refused":
        with pytest.raises(CheckpointError) as caught:
            find_model(request)
        assert says in str(caught.value)
        assert "\n" not in str(caught.value)
        return
    model = find_model(request)
    assert says in "; ".join(model.notes)
    assert bool(model.notes) == bool(says)
    assert len(model.labels) == 5
    if name == "shufflenet_v2_x0_5":
        state = model.load()[0].state_dict()
        expected = {
            key: tensor.half() if what == "in half precision" else tensor for key, tensor in SHUFFLENET.items()
        }
        counted = {key: torch.tensor(0) for key in state if key.endswith("num_batches_tracked")}
        assert all(torch.equal(state[key], value.to(state[key])) for key, value in (expected | counted).items())
