"""A head that was taught, as torch has it: in the place of a network's last linear layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from eyeful.bundle.head import LEAST_LENGTH

if TYPE_CHECKING:
    from eyeful.bundle import TaughtHead


class TaughtLayer(nn.Module):
    """The logits of `TaughtHead.logits`, in fp32 whatever the precision of the network.

    Args:
        head: its numbers.
    """

    weight_KD: Tensor
    bias_K: Tensor
    mean_KD: Tensor

    def __init__(self, head: TaughtHead) -> None:
        super().__init__()
        labels, self.in_features = head.weight_KD.shape
        self.out_features = labels + 1
        for name in ("weight_KD", "bias_K", "mean_KD"):
            self.register_buffer(name, torch.from_numpy(np.array(getattr(head, name), np.float32)))
        self.least_cosine, self.slope = head.least_cosine, head.slope

    def forward(self, features_ND: Tensor) -> Tensor:
        """Vectors (N, D) of any length → logits (N, K + 1), float32."""
        with torch.autocast(features_ND.device.type, enabled=False):
            features_ND = features_ND.float()
            length_N1 = torch.linalg.vector_norm(features_ND, dim=-1, keepdim=True).clamp_min(LEAST_LENGTH)
            unit_ND = features_ND / length_N1
            logits_NK = functional.linear(unit_ND, self.weight_KD, self.bias_K)
            nearest_N1 = functional.linear(unit_ND, self.mean_KD).amax(-1, keepdim=True)
            none_N1 = logits_NK.amax(-1, keepdim=True) + self.slope * (self.least_cosine - nearest_N1)
            return torch.cat([logits_NK, none_N1], -1)
