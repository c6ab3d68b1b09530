"""The network as every engine gets it: uint8 pixels in, logits and features out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from eyeful.prepare.normalise import Normalise
from eyeful.prepare.taught_layer import TaughtLayer

if TYPE_CHECKING:
    from eyeful.bundle import TaughtHead
    from eyeful.preprocessing import Preprocessing

LastLayer = nn.Linear | TaughtLayer
"""What makes logits of features."""


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
        self.head: LastLayer | None = None
        self._take_off_head(example_of(preprocessing), classes)
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
        """Replace the last linear layer by nothing, if what it puts out of a vector is the network's very output.

        Nothing can then stand behind it, whatever the image; and the logits are compared to the bit all the same.
        """
        with torch.inference_mode():
            expected_NK, found = _seen(self.body, x_NCHW)
            if found is None or found.layer.out_features != classes or not found.name:
                return
            replace_layer(self.body, found.name, nn.Identity())
            try:
                features_ND = self.body(x_NCHW)
                if torch.equal(features_ND, found.features_ND) and torch.equal(
                    found.layer(features_ND), expected_NK
                ):
                    self.head = found.layer
                    return
            except Exception:  # noqa: BLE001, S110 - the network's own code expects its layer
                pass
            replace_layer(self.body, found.name, found.layer)


def put_head(network: nn.Module, head: TaughtHead, preprocessing: Preprocessing, title: str) -> None:
    """Put a head that was taught in the place of a network's last layer.

    Args:
        network: logits_NK from normalised images NCHW; in eval mode.
        head: what shall make its logits.
        preprocessing: for its size, mean and std.
        title: the network's, for messages.

    Raises:
        ModelError: the network does not end in a linear layer, or has vectors of another length.
    """
    with torch.inference_mode():
        _, found = _seen(network, example_of(preprocessing))
    head.check_fits(found.layer.in_features if found is not None and found.name else None, title)
    assert found is not None  # noqa: S101 - checked just now
    replace_layer(network, found.name, TaughtLayer(head))


def example_of(preprocessing: Preprocessing) -> Tensor:
    """A normalised image of noise, (1, 3, H, W) float32."""
    pixels = torch.randint(0, 256, (1, *preprocessing.size, 3), generator=torch.Generator().manual_seed(0))
    normalised: Tensor = Normalise(preprocessing)(pixels.to(torch.uint8))
    return normalised


def replace_layer(network: nn.Module, name: str, layer: nn.Module) -> None:
    """Put a layer in the place of another, by the name of that."""
    parent, _, own = name.rpartition(".")
    setattr(network.get_submodule(parent), own, layer)


class _Head(NamedTuple):
    """The layer that makes a network's output, and what it made it of."""

    name: str
    layer: LastLayer
    features_ND: Tensor


def _seen(network: nn.Module, x_NCHW: Tensor) -> tuple[Tensor, _Head | None]:
    """A network's output; and the linear layer, called once, whose output that is, if there is one.

    So a head that was taught, in the place of such a layer.
    """
    calls: list[tuple[str, LastLayer, Tensor, Tensor]] = []

    def note(name: str, layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        assert isinstance(layer, LastLayer)  # noqa: S101 - hooked into no other
        calls.append((name, layer, inputs[0], output))

    handles = [
        layer.register_forward_hook(partial(note, name))
        for name, layer in network.named_modules()
        if isinstance(layer, LastLayer)
    ]
    try:
        output_NK = network(x_NCHW)
    finally:
        for handle in handles:
            handle.remove()
    for name, layer, features_ND, output in calls:
        once = sum(layer is other for _, other, _, _ in calls) == 1
        if output is output_NK and once and features_ND.ndim == 2:
            return output_NK, _Head(name, layer, features_ND.clone())
    return output_NK, None
