"""The network as every engine gets it: uint8 pixels in, logits and features out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from eyeful.prepare.normalise import Normalise
from eyeful.preprocessing import Preprocessing


class Deployed(nn.Module):
    """Normalisation, the network up to its last layer, and that layer.

    Args:
        network: logits_NK from normalised images NCHW; in eval mode. It is taken apart and belongs to this one.
        preprocessing: for its size, mean and std.
        classes: how many logits it gives.
    """

    def __init__(self, network: nn.Module, preprocessing: Preprocessing, classes: int) -> None:
        super().__init__()
        self.normalise = Normalise(preprocessing)
        self.body = network
        self.head: nn.Linear | None = None
        example = torch.randint(0, 256, (1, *preprocessing.size, 3), generator=torch.Generator().manual_seed(0))
        self._take_off_head(self.normalise(example.to(torch.uint8)), classes)
        self.eval()

    @property
    def memory_format(self) -> torch.memory_format:
        """How images lie in memory on their way through the network."""
        return self.normalise.memory_format

    @memory_format.setter
    def memory_format(self, value: torch.memory_format) -> None:
        self.normalise.memory_format = value

    def forward(self, pixels_NHWC: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """uint8 pixels → logits_NK; with features_ND beside them where the network ends in a linear layer."""
        found: Tensor = self.body(self.normalise(pixels_NHWC))
        return found if self.head is None else (self.head(found), found)

    def _take_off_head(self, x_NCHW: Tensor, classes: int) -> None:
        """Replace the last linear layer by nothing, if it alone makes the logits, to the bit, out of a vector."""
        with torch.inference_mode():
            expected_NK = self.body(x_NCHW)
            for name, layer in reversed(list(self.body.named_modules())):
                if not isinstance(layer, nn.Linear) or layer.out_features != classes or not name:
                    continue
                parent, _, own = name.rpartition(".")
                owner = self.body.get_submodule(parent)
                setattr(owner, own, nn.Identity())
                features_ND = self.body(x_NCHW)
                if features_ND.shape == (1, layer.in_features) and torch.equal(layer(features_ND), expected_NK):
                    self.head = layer
                    return
                setattr(owner, own, layer)
