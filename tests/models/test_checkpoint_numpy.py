"""NumPy's values are built anew; a damaged one is no value, and crashes nothing."""

import numpy as np
import pytest
import torch

from eyeful.models.checkpoint_numpy import StoredArray, StoredType
from eyeful.models.checkpoint_read import read_checkpoint


def reread(value, folder):
    torch.save({"x": value}, folder / "a.pth")
    return read_checkpoint(folder / "a.pth")["x"]


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.arange(3, dtype=">i4"),
        np.array(3.0),
        np.zeros((0, 3)),
        np.array([True, False]),
        np.array(["rose", "tulip"]),
        np.array([b"rose"]),
    ],
    ids=str,
)
def test_arrays(tmp_path, array):
    found = reread(array, tmp_path).value()
    assert found.shape == array.shape
    assert found.dtype == array.dtype
    assert np.array_equal(found, array)


def test_objects_are_a_list(tmp_path):
    assert reread(np.array(["rose", 3], dtype=object), tmp_path).value() == ["rose", 3]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(0.5), 0.5),
        (np.int8(3), 3),
        (np.str_("a"), "a"),
        (np.bool_(1), True),
        (np.datetime64(0, "s"), None),
    ],
    ids=str,
)
def test_scalars(tmp_path, value, expected):
    assert reread(value, tmp_path) == expected


@pytest.mark.parametrize("array", [np.zeros(2, dtype=[("a", "f4")]), np.array(["2024"], dtype="M8[Y]")])
def test_other_types_are_no_value(tmp_path, array):
    assert reread(array, tmp_path).value() is None


@pytest.mark.parametrize(
    ("shape", "code", "content"),
    [
        ((3,), "f8", b"short"),
        ((1 << 60,), "f8", b""),
        ((-1, -1), "f8", bytes(8)),
        ("x", "f8", bytes(8)),
        ((1,), 3, None),
    ],
)
def test_damaged_arrays_are_no_value(shape, code, content):
    found = StoredArray()
    found.__setstate__((1, shape, StoredType(code), False, content))
    assert found.value() is None
    assert StoredArray().value() is None
