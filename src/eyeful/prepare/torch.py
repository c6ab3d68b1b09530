"""Bundles for engines that run torch networks: weights as safetensors, and the network built around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eyeful.errors import BundleError, EyefulError, one_line
from eyeful.extras import require
from eyeful.models import Architecture
from eyeful.models.base import ready
from eyeful.models.families import build

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

    from eyeful.bundle import Bundle

WEIGHTS = "model.safetensors"


def write_module(module: nn.Module, folder: Path) -> None:
    """Write a network's weights.

    Raises:
        MissingExtraError: safetensors is not installed.
    """
    require("safetensors", "a bundle for torch")
    from safetensors.torch import save_file

    state = {name: tensor.contiguous().clone() for name, tensor in module.state_dict().items()}
    save_file(state, folder / WEIGHTS)


def read_module(bundle: Bundle) -> nn.Module:
    """The network of a bundle for torch.

    Raises:
        BundleError: the weights do not fit the architecture, as another version of its library builds it.
        MissingExtraError: torch or safetensors is not installed.
    """
    require("torch", "this bundle")
    require("safetensors", "this bundle")
    from safetensors.torch import load_file

    try:
        architecture = Architecture(**bundle.manifest.architecture)
        module = build(architecture)
        state = module.state_dict()
        loaded = load_file(bundle.folder / WEIGHTS)
    except EyefulError:
        raise
    except (
        Exception
    ) as error:  # whatever a library says of what it cannot build, or of a file that is no such file
        raise BundleError(f"{bundle.folder} is not a bundle for torch: {one_line(error)}") from error
    if {n: t.shape for n, t in state.items()} != {n: t.shape for n, t in loaded.items()}:
        raise BundleError(
            f"{bundle.folder} does not fit {architecture.name} as this {architecture.library} builds it; "
            f"it was made with {bundle.manifest.versions}: export the model again"
        )
    for name, tensor in loaded.items():
        state[name].copy_(tensor)
    return ready(module)
