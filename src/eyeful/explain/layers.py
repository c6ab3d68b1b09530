"""Finding and reading the layers of any CNN, by what they put out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from eyeful.errors import ModelError, UsageError
from eyeful.prepare.deployed import LastLayer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MOST_STAGES = 5
_MOST_OF_IT = 0.5
"""A sequence that holds more than this share of a network's layers is walked through, not past."""
_NOT_A_STAGE = (nn.Dropout, nn.AdaptiveAvgPool2d, nn.Identity)
"""Layers that compute no feature maps, though they hand some on."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer that puts out feature maps: its name in the network, and their (C, H, W)."""

    name: str
    shape: tuple[int, int, int]


def stage_layers(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """The children of a network; of a sequence that holds nearly everything, its children in its place."""
    everything = sum(1 for _ in module.modules())
    for name, child in module.named_children():
        held = sum(1 for _ in child.modules())
        if held > _MOST_OF_IT * everything and isinstance(child, nn.Sequential):
            yield from stage_layers(child, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", child


def map_layers(module: nn.Module, x_NCHW: Tensor, classes: int) -> list[Layer]:
    """The layers whose output is feature maps, in the order in which they finish.

    Class maps, with a channel for each class (SqueezeNet), are answers already and not among them; nor are maps
    with their channels last, as ConvNeXt has them inside of its blocks.

    Raises:
        ModelError: there are none, or the network is a transformer: its answers do not come from maps.
    """
    found: dict[str, Layer] = {}
    aspect = x_NCHW.shape[2] / x_NCHW.shape[3]

    def note(name: str, layer: nn.Module, output: Any) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and not isinstance(layer, _NOT_A_STAGE):
            channels, height, width = output.shape[1:]
            is_map = height > 1 and width > 1 and 0.5 < height / width / aspect < 2
            if is_map and channels != classes:
                found.pop(name, None)  # one layer may work at several places; the last one counts
                found[name] = Layer(name, (channels, height, width))

    if any(type(layer).__name__.endswith("Attention") for layer in module.modules()):
        raise ModelError("the network is a transformer, not a CNN: it has no feature maps to look at")
    named = [(name, layer) for name, layer in module.named_modules() if name]
    with _hooked([(name, layer, note) for name, layer in named]), torch.inference_mode():
        module(x_NCHW)
    if not found:
        raise ModelError("the network has no feature maps to look at")
    return list(found.values())


def target_layer(layers: Sequence[Layer], module: nn.Module, name: str | None = None) -> Layer:
    """The layer that Grad-CAM looks at: the last with feature maps, unless it is named.

    Raises:
        UsageError: no such layer, or one without feature maps.
    """
    if name is None:
        return layers[-1]
    for layer in layers:
        if layer.name == name:
            return layer
    there_is = name in dict(module.named_modules())
    some = ", ".join(layer.name for layer in stages(layers, module))
    raise UsageError(
        f"the layer {name!r} {'has no feature maps' if there_is else 'is not in this network'}; these have: {some}"
    )


def stages(layers: Sequence[Layer], module: nn.Module) -> list[Layer]:
    """A few layers from early to late: the last stage of each size of map, five at most."""
    whole = {name for name, _ in stage_layers(module)}
    last_of_size: dict[tuple[int, int], Layer] = {}
    for layer in [layer for layer in layers if layer.name in whole] or layers:
        last_of_size.pop(layer.shape[1:], None)
        last_of_size[layer.shape[1:]] = layer
    found = list(last_of_size.values())
    if len(found) <= _MOST_STAGES:
        return found
    step = (len(found) - 1) / (_MOST_STAGES - 1)
    return [found[round(place * step)] for place in range(_MOST_STAGES)]


def outputs(module: nn.Module, x_NCHW: Tensor, names: Sequence[str]) -> tuple[Tensor, dict[str, Tensor]]:
    """The logits (K,) of one image, and the outputs of some layers without their first dimension."""
    found: dict[str, Tensor] = {}

    def keep(name: str, _: nn.Module, output: Any) -> None:
        found[name] = output[0].clone()  # what follows may work in place

    with _hooked([(name, module.get_submodule(name), keep) for name in names]), torch.inference_mode():
        logits_NK = module(x_NCHW)
    return logits_NK[0], found


def pooled_vector(module: nn.Module, x_NCHW: Tensor, classes: int, last: Layer) -> Tensor:
    """The vector (D,) that becomes the logits: the input of the last linear layer, or of a head that was taught.

    Where a network has none (SqueezeNet), the mean of each of the last feature maps.
    """
    found: list[Tensor] = []

    def keep(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        del layer
        found.append(inputs[0].flatten().clone())

    with ExitStack() as stack, torch.inference_mode():
        for layer in module.modules():
            if isinstance(layer, LastLayer) and layer.out_features == classes:
                stack.callback(layer.register_forward_pre_hook(keep).remove)
        module(x_NCHW)
    if found:
        return found[-1]
    _, found_outputs = outputs(module, x_NCHW, [last.name])
    return found_outputs[last.name].mean((1, 2))


@contextmanager
def _hooked(hooks: Sequence[tuple[str, nn.Module, Callable[[str, nn.Module, Any], None]]]) -> Iterator[None]:
    """Forward hooks for the duration of the block, however it ends."""
    with ExitStack() as stack:
        for name, layer, call in hooks:

            def hook(layer: nn.Module, _: Any, output: Any, name: str = name, call: Any = call) -> None:
                call(name, layer, output)

            stack.callback(layer.register_forward_hook(hook).remove)
        yield
