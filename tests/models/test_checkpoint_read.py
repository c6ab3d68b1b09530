"""Files are read by their content, without running code; what is needed beyond a short list is named."""

import argparse
import collections
import pathlib
import pickle
from fractions import Fraction

import numpy as np
import pytest
import torch

from eyeful.errors import CheckpointError
from eyeful.models.checkpoint_read import read_checkpoint


def reread(content, folder, **options):
    torch.save(content, folder / "a.pth", **options)
    return read_checkpoint(folder / "a.pth")


@pytest.mark.parametrize("zipped", [True, False], ids=["today", "before 1.6"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (argparse.Namespace(lr=0.1, cast=float), argparse.Namespace(lr=0.1, cast=float)),
        (pathlib.Path("a/b"), pathlib.PurePosixPath("a/b")),
        (pathlib.PureWindowsPath("a"), pathlib.PureWindowsPath("a")),
        (np.float32(0.5), np.float32(0.5)),
        (collections.defaultdict(list, a=[1]), {"a": [1]}),
        (collections.deque([1, 2], 5), [1, 2]),
        (collections.Counter("aab"), {"a": 2, "b": 1}),
        ({1, 2}, {1, 2}),
        (slice(3), slice(3)),
        (torch.__version__, torch.__version__),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_beside_the_weights_are_read(tmp_path, value, expected, zipped):
    found = reread({"x": value}, tmp_path, _use_new_zipfile_serialization=zipped)["x"]
    assert found == expected


def test_paths_of_another_system_and_numpy_1_are_read(tmp_path):
    path = tmp_path / "a.pth"
    torch.save({"x": pathlib.PurePosixPath("a"), "y": np.int64(3)}, path, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    assert b"cpathlib\nPurePosixPath" in content
    content = content.replace(b"cpathlib\nPurePosixPath", b"cpathlib\nWindowsPath")
    path.write_bytes(content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    assert read_checkpoint(path) == {"x": pathlib.PureWindowsPath("a"), "y": 3}


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (Fraction(1, 2), "it needs fractions.Fraction"),
        (torch.optim.SGD, "it needs torch.optim.sgd.SGD"),
        (torch.nn.functional.relu, "it needs torch.nn.functional.relu"),
        (print, "it needs print"),
        (torch.nn.ReLU(), "it is a whole model (it needs torch.nn.modules.activation.ReLU)"),
    ],
)
def test_what_is_not_on_the_list_is_named(tmp_path, value, named):
    with pytest.raises(CheckpointError) as caught:
        reread({"x": value}, tmp_path)
    assert named in str(caught.value)
    assert "torch.save(model.state_dict(), FILE)" in str(caught.value)


class _Builder:
    """Asks for a class of the list, with a state that would replace its methods, or for a call of it."""

    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize(
    "call", [(eval, ("1/0",)), (getattr, (argparse.Namespace, "__init__")), (open, ("x", "w"))]
)
def test_no_call_beyond_the_list_happens(tmp_path, call, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match=rf"it needs ([a-z_]*\.)?{call[0].__name__},"):
        reread({"x": _Builder(*call)}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.pth"]


def test_a_newer_pickle_protocol_is_one_line_without_torchs_warning(tmp_path, recwarn):
    with pytest.raises(CheckpointError, match="without pickle_protocol"):
        reread({"x": torch.ones(1)}, tmp_path, pickle_protocol=5)
    assert not recwarn.list


def test_the_list_does_not_stay(tmp_path):
    reread({"x": argparse.Namespace()}, tmp_path)
    assert argparse.Namespace not in torch.serialization.get_safe_globals()
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / "a.pth")
