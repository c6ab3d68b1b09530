"""A local checkpoint: read without running code, unwrapped, and matched to its architecture tensor by tensor."""

from __future__ import annotations

import difflib
import json
import pickle
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from eyeful.errors import CheckpointError, WeightsError, one_line
from eyeful.extras import require
from eyeful.models.base import Architecture, Model, Weights, ready
from eyeful.models.families import build, builder_of, families
from eyeful.models.labels import read_labels, unnamed_labels
from eyeful.models.torchvision_import import import_torchvision

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor, nn

    StateDict = dict[str, Tensor]

__all__ = ["apply_checkpoint", "build", "read_state_dict", "shapes", "verified_file_sha256"]

_WRAPPERS = ("state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model", "ema")
"""Keys under which training scripts put the weights, first match wins; timm's and Lightning's among them."""
_PREFIXES = ("module.", "_orig_mod.", "model.")
"""What DataParallel, torch.compile and Lightning put before every name."""


def apply_checkpoint(model: Model, spec: str, path: Path, labels: Path | None) -> Model:
    """A model whose weights are a local file's instead of its own.

    The preprocessing stays that of the architecture's weights; the number of classes is read from the file.

    Args:
        model: the architecture, resolved with its own weights.
        spec: what the user called it.
        path: `.pth`, `.pt` (read with `weights_only=True`, never otherwise) or `.safetensors`.
        labels: a label file; None: the model's or ImageNet's where the number fits, which a note says, else
            `class 0` and so on.

    Raises:
        CheckpointError: the file cannot be read safely, or does not fit the architecture.
    """
    state = read_state_dict(path)
    module, architecture = _fitted(model.architecture, spec, state, path)
    classes = architecture.num_classes
    names, notes = unnamed_labels(model.name, model.labels, classes)
    if labels:
        names, notes = read_labels(labels, classes), ()
    digest = verified_file_sha256(path)

    def load() -> tuple[nn.Module, Weights]:
        return module, Weights(str(path), None, digest)

    return replace(
        model,
        name=spec,
        checkpoint=path.name,
        architecture=architecture,
        labels=names,
        notes=notes,
        weights=Weights(str(path), None, digest),
        about={"checkpoint": str(path), "parameters": sum(tensor.numel() for tensor in module.parameters())},
        load=load,
    )


def verified_file_sha256(path: Path) -> str:
    """A checkpoint's sha256. A user's own file may change between runs, so no ledger holds it."""
    from eyeful.bundle.files import sha256_of

    try:
        return sha256_of(path)
    except OSError as error:
        raise CheckpointError(f"the checkpoint {path} cannot be read: {error.strerror}") from error


def read_state_dict(path: Path) -> StateDict:
    """The tensors of a checkpoint, out of whatever wrapper a training script put them in.

    Raises:
        CheckpointError: it is missing, damaged, of another format, or would need to run code.
    """
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}")
    loaded = _read_safetensors(path) if path.suffix.lower() == ".safetensors" else _read_torch(path)
    for wrapper in _WRAPPERS:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(wrapper), Mapping):
            loaded = loaded[wrapper]
    import torch

    if not isinstance(loaded, Mapping) or not loaded:
        raise CheckpointError(f"the checkpoint {path} holds no weights")
    other = next((name for name, value in loaded.items() if not isinstance(value, torch.Tensor)), None)
    if other is not None:
        raise CheckpointError(
            f"the checkpoint {path} is not a state_dict: its entry {other!r} is a {type(loaded[other]).__name__}, "
            "not a tensor; save model.state_dict()"
        )
    return _without_prefix({str(name): tensor for name, tensor in loaded.items()})


def _read_torch(path: Path) -> Any:
    require("torch", "a checkpoint")
    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"the checkpoint {path} is refused: it is damaged, or it would run code when loaded (not a plain "
            "state_dict); save model.state_dict(), or better a .safetensors file"
        ) from error
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


def _without_prefix(state: StateDict) -> StateDict:
    for prefix in _PREFIXES:
        if all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    return state


def _fitted(architecture: Architecture, spec: str, state: StateDict, path: Path) -> tuple[nn.Module, Architecture]:
    """The network with the checkpoint's weights in it.

    Raises:
        CheckpointError: names the first tensor that does not fit, and the nearest architecture.
    """
    architecture = builder_of(architecture).as_trained(architecture, spec, set(state))
    expected = shapes(architecture)
    head = list(expected)[-1]
    if head in state and state[head].shape[1:] == expected[head][1:]:
        architecture = replace(architecture, num_classes=len(state[head]))
        expected = shapes(architecture)
    misfit = _first_misfit(expected, state)
    if misfit:
        raise CheckpointError(
            f"{path} does not fit {architecture.name}: {misfit}{_suggestion(state, architecture)}"
        )
    module = build(architecture)
    complete = OrderedDict(state)
    # A few networks (MNASNet) ask for the version of a state_dict, which safetensors does not carry. The shapes
    # fit, so it is this version.
    complete._metadata = module.state_dict()._metadata  # type: ignore[attr-defined]  # noqa: SLF001
    module.load_state_dict(complete, strict=True)
    try:
        return ready(module), architecture
    except WeightsError as error:
        raise CheckpointError(f"{path} is refused: {error}") from error


def shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """Names and shapes of an architecture's tensors, without memory for its weights.

    Only `torch.empty`, with which layers make their weights, goes to the meta device: some constructors (RegNet's)
    calculate with small tensors that must be real. What was found is remembered: a checkpoint that fits nowhere is
    compared with every architecture.
    """
    options = json.dumps(architecture.options, sort_keys=True)
    return _shapes(architecture.library, architecture.name, architecture.num_classes, options)


@cache
def _shapes(library: str, name: str, num_classes: int, options: str) -> dict[str, tuple[int, ...]]:
    architecture = Architecture(library, name, num_classes, json.loads(options))
    import_torchvision()
    import torch
    from torch.overrides import TorchFunctionMode

    class EmptyOnMeta(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            extra = {"device": "meta"} if func is torch.empty else {}
            return func(*args, **{**(kwargs or {}), **extra})

    with EmptyOnMeta():
        return {name: tuple(tensor.shape) for name, tensor in build(architecture).state_dict().items()}


def _first_misfit(expected: dict[str, tuple[int, ...]], state: StateDict) -> str | None:
    for name, shape in expected.items():
        if name not in state:
            near = difflib.get_close_matches(name, state, 1)
            return f"it has no {name} {list(shape)}" + (f" (it has {near[0]})" if near else "")
        if tuple(state[name].shape) != shape:
            return f"{name} is {list(state[name].shape)} where the architecture has {list(shape)}"
    extra = next((name for name in state if name not in expected), None)
    return f"the architecture has no {extra}" if extra is not None else None


def _suggestion(state: StateDict, architecture: Architecture) -> str:
    """The architecture of the smaller catalogues with which the checkpoint shares most tensors, as a hint."""
    found = {name: tuple(tensor.shape) for name, tensor in state.items()}
    best, best_share = None, 0.5
    for name, candidate in (pair for family in families() for pair in family.architectures()):
        if candidate.name == architecture.name:
            continue
        candidate_shapes = shapes(builder_of(candidate).as_trained(candidate, name, set(found)))
        share = len(candidate_shapes.items() & found.items()) / max(len(candidate_shapes), len(found))
        if share > best_share:
            best, best_share = name, share
    if best is None:
        return "; no architecture that eyeful knows fits it"
    return f"; it looks like {best}: --model {best}"
