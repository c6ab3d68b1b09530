"""uint8 pixels → what a network takes; the only place that normalises."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from eyeful.cpu import make_torch_safe_after_fork
from eyeful.preprocessing import Preprocessing


class Normalise(nn.Module):
    """0 to 1, minus the mean, over the standard deviation.

    The operations and their order are those of the weights' own transforms, TorchVision's and timm's. (v2's
    `ToDtype(scale=True)` multiplies by 1/255 instead, which differs in the last bit.)

    Args:
        preprocessing: for its mean and std.
    """

    mean: Tensor
    std: Tensor
    memory_format: torch.memory_format = torch.contiguous_format

    def __init__(self, preprocessing: Preprocessing) -> None:
        super().__init__()
        make_torch_safe_after_fork()  # whatever of ours runs torch begins with this
        self.register_buffer("mean", torch.tensor(preprocessing.mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(preprocessing.std).view(1, 3, 1, 1))

    def forward(self, pixels_NHWC: Tensor) -> Tensor:
        """x_NCHW, float32, of uint8 pixels."""
        x_NCHW = pixels_NHWC.permute(0, 3, 1, 2).contiguous(memory_format=self.memory_format)
        return (x_NCHW.float() / 255 - self.mean) / self.std
