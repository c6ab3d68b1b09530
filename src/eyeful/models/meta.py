"""Networks without memory for their weights, to compare a checkpoint with."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from eyeful.models.base import Architecture
from eyeful.models.families import build
from eyeful.models.torchvision_import import import_torchvision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor, nn

    StateDict = dict[str, Tensor]
    Shapes = dict[str, tuple[int, ...]]


def shapes(architecture: Architecture) -> Shapes:
    """Names and shapes of an architecture's tensors; what was found is remembered."""
    options = json.dumps(architecture.options, sort_keys=True)
    return _shapes(architecture.library, architecture.name, architecture.num_classes, options)


@cache
def _shapes(library: str, name: str, num_classes: int, options: str) -> Shapes:
    state = build_on_meta(Architecture(library, name, num_classes, json.loads(options))).state_dict()
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def build_on_meta(architecture: Architecture) -> nn.Module:
    """The network with its parameters on the meta device, where they have a shape and no values."""
    import_torchvision()
    with empty_on_meta():
        return build(architecture)


@contextmanager
def empty_on_meta() -> Iterator[None]:
    """Whatever `torch.empty` makes is on the meta device.

    Only `torch.empty`, with which layers make their weights: some constructors (RegNet's) calculate with small
    tensors that must be real.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    class EmptyOnMeta(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            extra = {"device": "meta"} if func is torch.empty else {}
            return func(*args, **{**(kwargs or {}), **extra})

    with EmptyOnMeta():
        yield
