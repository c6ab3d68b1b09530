"""Networks without memory for their weights, to compare a checkpoint with."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from eyeful.models.base import Architecture
from eyeful.models.families import build
from eyeful.models.torchvision_import import import_torchvision

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    StateDict = dict[str, Tensor]
    Shapes = dict[str, tuple[int, ...]]

T = TypeVar("T")


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
    return on_meta(lambda: build(architecture))


def on_meta(make: Callable[[], T]) -> T:
    """What a function gives while whatever `torch.empty` makes is on the meta device.

    Only `torch.empty`, with which layers make their weights: some constructors (RegNet's) calculate with small
    tensors that must be real. A few calculate with their weights; those are made in memory after all.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    class EmptyOnMeta(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            extra = {"device": "meta"} if func is torch.empty else {}
            return func(*args, **{**(kwargs or {}), **extra})

    try:
        with EmptyOnMeta():
            return make()
    except (RuntimeError, NotImplementedError):
        return make()
