"""TorchServe archives: what is read of them, and every kind that is refused."""

import json
import os
import zipfile
from pathlib import Path

import pytest
import torch
from torchserve import MANIFEST, archived, manifest_of, members, tarred, zipped

from eyeful.errors import CheckpointError, EyefulError, ModelError, UsageError
from eyeful.models.archive_members import Member
from eyeful.models.label_file import read_label_file
from eyeful.models.torchserve_archive import unpacked


@pytest.fixture
def folder(tmp_path):
    for name, content in members().items():
        if name != MANIFEST:
            (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return tmp_path


@pytest.mark.parametrize("archive_format", ["default", "zip-store", "tgz", "no-archive"])
def test_every_format_of_the_archiver(archive_format, folder):
    with unpacked(archived(folder, archive_format)) as found:
        assert torch.load(found.weights, weights_only=True)["fc.bias"].tolist() == [1, 1]
        assert found.weights.name == "net.pth"
        assert read_label_file(found.labels).names == ("rose", "tulip")
        assert (found.model_file, found.has_forward) == ("model.py", False)
        assert sorted(path.name for path in found.weights.parent.iterdir()) == ["index_to_name.json", "net.pth"]
    assert not found.weights.parent.exists()


@pytest.mark.parametrize("head", ["def forward(self, x):", "def forward (self, x):", "forward = lambda self, x:"])
def test_a_forward_of_its_own_is_seen(head, tmp_path):
    code = f"class Net(ResNet):\n    {head} super().forward(x) / 2\n"
    with unpacked(zipped(tmp_path / "a.mar", members() | {"model.py": code})) as found:
        assert found.has_forward


def test_labels_of_ones_own_take_the_place_of_the_archives(tmp_path):
    content = members() | {"index_to_name.json": "{}"}
    (tmp_path / "labels.txt").write_text("a\nb\n")
    with unpacked(zipped(tmp_path / "a.mar", content), labels=tmp_path / "labels.txt") as found:
        assert found.labels == tmp_path / "labels.txt"


@pytest.mark.parametrize(
    "handler", ["my_handler.py", "my_handler:handle", "base_handler", "dali_image_classifier"]
)
def test_a_handler_that_is_code_is_refused_unless_it_is_said_to_be_like_theirs(handler, tmp_path):
    path = zipped(tmp_path / "a.mar", members(handler=handler))
    with pytest.raises(UsageError, match=f"the handler {handler}, code that is not run: .* --handler image_class"):
        unpacked(path).__enter__()
    with unpacked(path, handler="image_classifier") as found:
        assert found.weights.is_file()


def test_a_file_that_takes_the_handlers_place_is_code(tmp_path):
    """TorchServe looks for a handler among the archive's own files first."""
    path = zipped(tmp_path / "a.mar", members() | {"image_classifier.py": "class Other: ..."})
    with pytest.raises(UsageError, match=r"the handler image_classifier\.py, code that is not run"):
        unpacked(path).__enter__()


@pytest.mark.parametrize("handler", ["object_detector", "image_segmenter", "text_classifier", "vllm_handler"])
def test_another_task_is_refused_whatever_is_said(handler, tmp_path):
    path = zipped(tmp_path / "a.mar", members(handler=handler))
    with pytest.raises(UsageError, match=f"is for TorchServe's {handler}: eyeful classifies images"):
        unpacked(path, handler="image_classifier").__enter__()


def without(name):
    return {key: content for key, content in members().items() if key != name}


def zip_of(*names):
    import io

    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return file.getvalue()


REFUSED = {
    "no manifest": (
        without(MANIFEST),
        ModelError,
        r"is no TorchServe archive: it has no file MAR-INF/MANIFEST.json",
    ),
    "two": (members() | {f"b/{MANIFEST}": manifest_of()}, ModelError, "it has 2 files MAR-INF/MANIFEST.json"),
    "manifest no JSON": (members() | {MANIFEST: "{"}, ModelError, r"MAR-INF/MANIFEST.json is not JSON"),
    "manifest nested": (members() | {MANIFEST: "[" * 200_000}, ModelError, r"MAR-INF/MANIFEST.json is not JSON"),
    "manifest a list": (members() | {MANIFEST: "[]"}, ModelError, "names no model with a handler"),
    "no model": (members() | {MANIFEST: '{"model": 3}'}, ModelError, "names no model with a handler"),
    "no handler": (members(handler=None), ModelError, "names no model with a handler"),
    "no weights named": (members(serializedFile=None), ModelError, "names no serializedFile"),
    "weights elsewhere": (
        members(serializedFile="../../net.pth"),
        ModelError,
        "'../../net.pth', is no name of a file",
    ),
    "weights absolute": (members(serializedFile="/etc/passwd"), ModelError, "'/etc/passwd', is no name of a file"),
    "weights above": (members(serializedFile=".."), ModelError, "'..', is no name of a file"),
    "weights no text": (members(serializedFile="\ud800.pth"), ModelError, r"'\\ud800.pth', is no name of a file"),
    "handler no text": (members(handler="\ud800.py"), ModelError, r"'\\ud800.py', is no name of a file"),
    "weights a list": (members(serializedFile=["net.pth"]), ModelError, r"\['net.pth'\], is no name of a file"),
    "code elsewhere": (
        members(modelFile="a\nb"),
        ModelError,
        r"the modelFile of its manifest, 'a\\nb', is no name",
    ),
    "weights missing": (without("net.pth"), ModelError, "has no file net.pth, where its manifest says"),
    "weights empty": (members() | {"net.pth": ""}, CheckpointError, "a.mar/net.pth is empty"),
    "no labels": (without("index_to_name.json"), ModelError, "has no index_to_name.json: --labels FILE names"),
    "labels a list": (members() | {"index_to_name.json": '["a", "b"]'}, ModelError, 'names no "0"'),
    "labels from 1": (members() | {"index_to_name.json": '{"1": "a", "2": "b"}'}, ModelError, 'names no "0"'),
    "labels no JSON": (members() | {"index_to_name.json": "rose"}, ModelError, "index_to_name.json is not JSON"),
    "TorchScript": (
        members(serializedFile="net.pt", modelFile=None) | {"net.pt": zip_of("net/data.pkl", "net/code/net.py")},
        CheckpointError,
        "a.mar/net.pt is TorchScript, code and weights in one: .* takes the unpacked folder with a state_dict",
    ),
    "ONNX": (
        members(serializedFile="net.onnx") | {"net.onnx": b"\x08\x08\x12\x07pytorch"},
        CheckpointError,
        "a.mar/net.onnx is ONNX, a network and no checkpoint: --model FILE.onnx runs it, with --labels",
    ),
    "archive in an archive": (
        members(serializedFile="inner.mar") | {"inner.mar": zip_of(MANIFEST)},
        CheckpointError,
        "a.mar/inner.mar is a TorchServe archive: eyeful import-mar",
    ),
}


@pytest.mark.parametrize("start", [b"", b"\x89HDF\r\n\x1a\n"])
def test_what_cannot_be_weights_is_not_copied(start, tmp_path, monkeypatch):
    path = zipped(tmp_path / "a.mar", members() | {"net.pth": start + bytes(1 << 20)})
    monkeypatch.setattr(Member, "copy_to", lambda *_: pytest.fail("it was copied"))
    with pytest.raises(CheckpointError, match=r"a\.mar/net\.pth is (not a checkpoint, or damaged|HDF5)"):
        unpacked(path).__enter__()


@pytest.mark.parametrize(("content", "error", "text"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("write", [zipped, tarred])
def test_refused_by_name(write, content, error, text, tmp_path):
    path = write(tmp_path / "a.mar", content)
    with pytest.raises(error, match=text) as caught:
        unpacked(path).__enter__()
    assert "\n" not in str(caught.value)
    assert "eyeful-mar-" not in str(caught.value)


def test_an_error_inside_names_the_archive_and_leaves_nothing(tmp_path):
    path = zipped(tmp_path / "a.mar", members())
    with pytest.raises(EyefulError, match=f"^{path}/net.pth does not fit$"), unpacked(path) as found:
        raise CheckpointError(f"{found.weights} does not fit")
    assert not found.weights.exists()


@pytest.mark.parametrize(
    "mapping",
    [
        {"0": "tench", "1": "rose"},
        {"0": ["n1", "tench"], "1": ["n2", "rose"]},
        {"object_type_names": ["tench", "rose"]},
    ],
)
def test_labels_are_those_of_torchserve(mapping, tmp_path):
    """Its load_label_mapping takes the last of a list, and the place in object_type_names."""
    path = zipped(tmp_path / "a.mar", members() | {"index_to_name.json": json.dumps(mapping)})
    with unpacked(path) as found:
        assert read_label_file(found.labels).names == ("tench", "rose")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_what_is_no_regular_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.mar")
    for place in (tmp_path / "a.mar", "/dev/zero"):
        with pytest.raises(ModelError, match="is no regular file"), unpacked(Path(place)):
            pass
