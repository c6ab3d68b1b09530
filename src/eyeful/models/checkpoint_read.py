"""A checkpoint's file → what is in it, without running code."""

from __future__ import annotations

import pickle
import re
import threading
import warnings
from typing import TYPE_CHECKING, Any

from eyeful.errors import CheckpointError, one_line
from eyeful.extras import require
from eyeful.models.checkpoint_formats import SAFETENSORS, foreign_format
from eyeful.models.checkpoint_numpy import StoredArray, StoredType, stored_array, stored_scalar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_loading = threading.Lock()
"""torch's list of safe globals is one for the process."""
_GLOBAL = re.compile(r"GLOBAL (\S+) was not an allowed global")
_MODULES = re.compile(r"^(torch\.nn\.(modules|quantized)|torchvision\.models|timm\.(models|layers)|torch\.fx)\b")
"""Classes of layers and networks: a file that needs them holds a whole model."""


def read_checkpoint(path: Path) -> Any:
    """What a checkpoint holds: usually a dict of tensors, in whatever wrapper a training script put them.

    The content decides how it is read, not the ending of its name.

    Args:
        path: a file of `torch.save` (read with `weights_only=True`, never otherwise) or safetensors.

    Raises:
        CheckpointError: it is missing, damaged, of another format, or would need to run code.
    """
    if path.is_dir():
        raise CheckpointError(f"the checkpoint {path} is a folder: name the file in it that has the weights")
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}")
    try:
        foreign = foreign_format(path)
        with path.open("rb") as file:
            start = file.read(9)
    except OSError as error:
        raise CheckpointError(f"the checkpoint {path} cannot be read: {error.strerror}") from error
    if foreign is not None:
        raise CheckpointError(f"the checkpoint {path} is {foreign}")
    return _read_safetensors(path) if SAFETENSORS.match(start) else _read_torch(path)


def _read_torch(path: Path) -> Any:
    require("torch", "a checkpoint")
    import torch

    try:
        with _loading, warnings.catch_warnings(), torch.serialization.safe_globals(list(_inert_classes())):
            warnings.simplefilter("ignore")  # the error says it
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(f"the checkpoint {path} is refused: {_why_refused(error)}") from error
    except Exception as error:
        raise CheckpointError(
            f"the checkpoint {path} is damaged or not a checkpoint: {one_line(error)}"
        ) from error


def _read_safetensors(path: Path) -> Any:
    require("safetensors", "this checkpoint")
    require("torch", "a checkpoint")
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except Exception as error:
        raise CheckpointError(f"the checkpoint {path} is damaged or not safetensors: {one_line(error)}") from error


def _why_refused(error: pickle.UnpicklingError) -> str:
    """What a pickle needs that is not on the list, and the way out."""
    if "Unsupported operand" in str(error):
        return (
            "it is written in a pickle protocol that torch reads only by running code; in the program that made "
            "it: torch.save(model.state_dict(), FILE) without pickle_protocol"
        )
    missing = _GLOBAL.search(str(error))
    if missing is None:
        return (
            "it is damaged, or it would run code when loaded (not a plain state_dict); save model.state_dict(), "
            "or better a .safetensors file"
        )
    name = missing[1]
    if _MODULES.match(name):
        return (
            f"it is a whole model (it needs {name}), which would run code when loaded; in the program that made "
            "it: torch.save(model.state_dict(), FILE)"
        )
    return (
        f"it needs {name}, which would run code when loaded: a whole model, or an object beside the weights; in "
        "the program that made it: torch.save(model.state_dict(), FILE)"
    )


def _inert_classes() -> Iterator[Any]:
    """Classes that training scripts put beside the weights, and that only hold values: none of them runs code.

    A pair gives a class the name under which it stands in files: of other versions of Python and NumPy, of other
    systems, or of a class that it stands in for.
    """
    import argparse
    import datetime as dt
    import pathlib
    import types

    import torch

    yield from (argparse.Namespace, types.SimpleNamespace)
    yield from ((_plain_dict, "collections.defaultdict"), (_plain_list, "collections.deque"))
    yield from (dt.datetime, dt.date, dt.time, dt.timedelta, dt.timezone)
    yield from (bool, int, float, str, bytes, list, tuple, dict, frozenset, slice, range)
    yield torch.torch_version.TorchVersion
    for module in ("pathlib", "pathlib._local"):
        for name in ("Path", "PosixPath", "PurePosixPath"):
            yield pathlib.PurePosixPath, f"{module}.{name}"
        for name in ("WindowsPath", "PureWindowsPath"):
            yield pathlib.PureWindowsPath, f"{module}.{name}"
    yield from ((StoredArray, "numpy.ndarray"), (StoredType, "numpy.dtype"))
    for module in ("numpy.core.multiarray", "numpy._core.multiarray"):
        yield from ((stored_scalar, f"{module}.scalar"), (stored_array, f"{module}._reconstruct"))
    for module in (
        "lightning_fabric.utilities.data",
        "lightning.fabric.utilities.data",
        "pytorch_lightning.utilities.parsing",
    ):
        yield dict, f"{module}.AttributeDict"


def _plain_dict(*_: Any) -> dict[Any, Any]:
    """What a defaultdict becomes: torch fills no other kind of dict."""
    return {}


def _plain_list(*_: Any) -> list[Any]:
    """What a deque becomes."""
    return []
