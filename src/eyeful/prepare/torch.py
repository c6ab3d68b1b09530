"""Bundles for the torch engine: the weights as safetensors, and how to build the network around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eyeful.bundle import Bundle, write_bundle
from eyeful.errors import BundleError
from eyeful.extras import require
from eyeful.models import Architecture, ModelRequest, find_model
from eyeful.models.base import ready
from eyeful.models.checkpoint import build
from eyeful.prepare.manifest import manifest_of

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

WEIGHTS = "model.safetensors"


def prepare(request: ModelRequest, img_size: int | None, folder: Path) -> Bundle:
    """Write a model's bundle for torch.

    Raises:
        ModelError: the model cannot be had.
    """
    require("safetensors", "a bundle for torch")
    from safetensors.torch import save_file

    model = find_model(request)
    module, weights = model.load()
    preprocessing = model.preprocessing.with_options(img_size=img_size)
    state = {name: tensor.contiguous().clone() for name, tensor in module.state_dict().items()}
    return write_bundle(
        folder,
        manifest_of(model, weights, preprocessing, "torch"),
        lambda place: save_file(state, place / WEIGHTS),
    )


def load_module(bundle: Bundle) -> nn.Module:
    """The network of a bundle for torch.

    Raises:
        BundleError: the weights do not fit the architecture, as another version of its library builds it.
    """
    require("torch", "this bundle")
    require("safetensors", "this bundle")
    from safetensors.torch import load_file

    architecture = Architecture(**bundle.manifest.architecture)
    module = build(architecture)
    state = module.state_dict()
    loaded = load_file(bundle.folder / WEIGHTS)
    if {n: t.shape for n, t in state.items()} != {n: t.shape for n, t in loaded.items()}:
        raise BundleError(
            f"{bundle.folder} does not fit {architecture.name} as this {architecture.library} builds it; "
            f"it was made with {bundle.manifest.versions}: export the model again"
        )
    for name, tensor in loaded.items():
        state[name].copy_(tensor)
    return ready(module)
