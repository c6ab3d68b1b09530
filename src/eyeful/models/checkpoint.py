"""A local checkpoint: read without running code, unwrapped, and matched to its architecture tensor by tensor."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from eyeful.bundle.files import sha256_or
from eyeful.errors import CheckpointError, WeightsError
from eyeful.models.base import Model, Weights, ready
from eyeful.models.checkpoint_fit import Fit, described, fit
from eyeful.models.checkpoint_hint import looks_like
from eyeful.models.checkpoint_input import other_input
from eyeful.models.checkpoint_labels import labels_in
from eyeful.models.checkpoint_read import read_checkpoint
from eyeful.models.checkpoint_unwrap import candidates, content_of
from eyeful.models.families import build
from eyeful.models.labels import read_labels, unnamed_labels
from eyeful.preprocessing import NO_OVERRIDES, InputOverrides

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor, nn

    from eyeful.types import Labels


def apply_checkpoint(
    model: Model, spec: str, path: Path, labels: Path | None, overrides: InputOverrides = NO_OVERRIDES
) -> Model:
    """A model whose weights are a local file's instead of its own.

    The preprocessing stays that of the architecture's weights; the number of classes is read from the file.

    Args:
        model: the architecture, resolved with its own weights.
        spec: what the user called it.
        path: a file of `torch.save` (read with `weights_only=True`, never otherwise) or safetensors.
        labels: a label file; None: the names in the checkpoint, else the model's or ImageNet's where the number
            fits, which a note says, else `class 0` and so on.
        overrides: what of the input is set by hand; what the checkpoint says of it besides is told.

    Raises:
        CheckpointError: the file cannot be read safely, or does not fit the architecture.
    """
    everything = read_checkpoint(path)
    content = content_of(everything, path)
    fitted = fit(model.architecture, spec, content, path)
    module = _loaded(fitted, path)
    classes = fitted.architecture.num_classes
    names, told, assumed = _labels_of(everything, classes, model, labels)
    digest = sha256_or(CheckpointError, "the checkpoint", path)  # in no ledger: a user's file may change

    notes = (
        described(fitted, content.tensors),
        told,
        other_input(everything, model.preprocessing.with_overrides(overrides)),
    )

    def load() -> tuple[nn.Module, Weights]:
        return module, Weights(str(path), None, digest)

    return replace(
        model,
        name=spec,
        checkpoint=path.name,
        architecture=fitted.architecture,
        labels=names,
        weights=Weights(str(path), None, digest),
        about={"checkpoint": str(path), "parameters": sum(tensor.numel() for tensor in module.parameters())},
        load=load,
        notes=(*(f"{path.name}: {text}" for text in notes if text), *assumed),
    )


def guessed_architecture(path: Path) -> str | None:
    """The name of the architecture that a checkpoint's weights look like; None if there is none.

    Raises:
        CheckpointError: the file cannot be read safely.
    """
    tensors = content_of(read_checkpoint(path), path).tensors
    groups = candidates(tensors, least=len(tensors) // 2)
    shapes = ({name: tuple(tensor.shape) for name, tensor in group.state.items()} for group in groups)
    return next((name for found in shapes if (name := looks_like(found)) is not None), None)


def _labels_of(
    everything: Any, classes: int, model: Model, path: Path | None
) -> tuple[Labels, str, tuple[str, ...]]:
    """The labels of a label file, else of the checkpoint itself, else assumed.

    Args:
        everything: what the checkpoint holds.
        classes: how many its network has.
        model: the architecture with its own labels, which may be assumed.
        path: the label file; None without one.

    Returns:
        The labels; what to tell of names in the checkpoint, empty for nothing; and the note that they are assumed.
    """
    if path is not None:
        return read_labels(path, classes), "", ()
    own, told = labels_in(everything, classes)
    if own is not None:
        return own, told, ()
    labels, notes = unnamed_labels(model.name, model.labels, classes)
    return labels, told, notes


def _loaded(fitted: Fit, path: Path) -> nn.Module:
    """The network with the checkpoint's weights in it.

    Raises:
        CheckpointError: a tensor has no values that could be weights.
    """
    module = build(fitted.architecture)
    expected = module.state_dict()
    for name, tensor in fitted.state.items():
        if (fault := _fault(tensor, expected[name])) is not None:
            raise CheckpointError(f"{path} is refused: {name} {fault}")
    complete = OrderedDict(fitted.state)
    # A few networks (MNASNet) ask for the version of a state_dict, which safetensors does not carry. The shapes
    # fit, so it is this version.
    complete._metadata = expected._metadata  # type: ignore[attr-defined]  # noqa: SLF001
    module.load_state_dict(complete, strict=True)
    try:
        return ready(module)
    except WeightsError as error:
        raise CheckpointError(f"{path} is refused: {error}") from error


def _fault(tensor: Tensor, expected: Tensor) -> str | None:
    """Why a tensor of the right shape cannot be weights; None where it can."""
    import torch

    if tensor.is_meta:
        return "has no values, only a shape (it was saved from the meta device)"
    if tensor.layout != torch.strided:
        return f"is of the layout {tensor.layout}: save it dense, by `to_dense()`"
    if expected.is_floating_point() and not tensor.is_floating_point():
        return f"is {tensor.dtype}, not floating point: quantised weights are of no use without their scale"
    return None
