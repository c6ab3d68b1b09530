"""A network with what belongs to it, and its forward pass in fp32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from eyeful.preprocessing import Preprocessing
from eyeful.types import Labels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Network:
    """A loaded network, for looking inside; on the CPU, in eval mode, never changed.

    Attributes:
        name: the model's full name.
        module: logits_NK from normalised images NCHW.
        preprocessing: its preprocessing.
        labels: its answers, by position.
    """

    name: str
    module: nn.Module
    preprocessing: Preprocessing
    labels: Labels

    def normalised(self, pixels_HWC: NDArray[np.uint8]) -> Tensor:
        """What the first layer takes: (1, 3, H, W) float32, minus the mean, over the standard deviation."""
        x_NCHW = torch.from_numpy(pixels_HWC.copy()).permute(2, 0, 1)[None].float() / 255
        mean, std = (
            torch.tensor(values).view(1, 3, 1, 1) for values in (self.preprocessing.mean, self.preprocessing.std)
        )
        return (x_NCHW - mean) / std

    def logits(self, pixels_HWC: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Raw scores (K,) of an image that the preprocessing was applied to."""
        with torch.inference_mode():
            logits_K: NDArray[np.float32] = self.module(self.normalised(pixels_HWC))[0].float().numpy()
        return logits_K
