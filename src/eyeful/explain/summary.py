"""A summary of a network: its stages, what they put out, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from eyeful.explain.layers import stage_layers

if TYPE_CHECKING:
    from eyeful.types import Size


@dataclass(frozen=True, slots=True)
class LayerSummary:
    """One stage of a network.

    Attributes:
        stage: its name in the network.
        operation: what it is made of.
        shape: of its output for one image: (C, H, W) of feature maps, or (D,) of a vector.
        parameters: numbers that were learnt.
        multiply_adds: for one image; convolutions and matrix products.
    """

    stage: str
    operation: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int


def summarize(module: nn.Module, size: Size) -> list[LayerSummary]:
    """The stages of a network in the order in which they run, for an image of `size`; its weights do not matter.

    Args:
        module: the network, in eval mode.
        size: (height, width) of its input.
    """
    named = dict(stage_layers(module))
    found: list[LayerSummary] = []
    flops = FlopCounterMode(display=False)

    def note(name: str, stage: nn.Module, output: Any) -> None:
        if isinstance(output, Tensor):
            counted = flops.flop_counts.get(f"{type(module).__name__}.{name}", {})
            parameters = sum(parameter.numel() for parameter in stage.parameters())
            cost = sum(counted.values()) // 2  # a multiplication and an addition are two operations
            found.append(LayerSummary(name, _operation(stage), tuple(output.shape[1:]), parameters, cost))

    handles = [
        stage.register_forward_hook(lambda layer, _, output, name=name: note(name, layer, output))
        for name, stage in named.items()
    ]
    try:
        with flops, torch.no_grad():
            module(torch.zeros(1, 3, *size))
    finally:
        for handle in handles:
            handle.remove()
    return found


def _operation(stage: nn.Module) -> str:
    """What a stage is made of: the layer itself, or how many of what it holds."""
    if isinstance(stage, nn.Conv2d):
        return f"convolution {stage.kernel_size[0]}x{stage.kernel_size[1]}, stride {stage.stride[0]}"
    if isinstance(stage, nn.Linear):
        return f"linear, {stage.in_features} to {stage.out_features}"
    convolutions = sum(isinstance(layer, nn.Conv2d) for layer in stage.modules())
    linear = sum(isinstance(layer, nn.Linear) for layer in stage.modules())
    held = [f"{count} {what}" for count, what in ((convolutions, "convolutions"), (linear, "linear")) if count]
    return f"{type(stage).__name__}: {', '.join(held)}" if held else type(stage).__name__
