"""TorchVision's classifiers, all of them, with preprocessing and categories from the weights' own metadata."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from eyeful.errors import UnknownModelError
from eyeful.models.base import Architecture, Model, ModelEntry, Weights, ready
from eyeful.models.labels import labels_for
from eyeful.models.torchvision_import import import_torchvision
from eyeful.models.weights import fetch_hub_file, hub_file, verified_sha256
from eyeful.preprocessing import Preprocessing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn


def names() -> list[str]:
    """Every classifier's name."""
    return list(import_torchvision().models.list_models(module=import_torchvision().models))


def entries() -> list[ModelEntry]:
    """The lines of `eyeful models`: one for each architecture, with its default weights' facts."""
    found = []
    for name in names():
        weights = default_weights(name)
        found.append(
            ModelEntry(
                name,
                weights.meta["num_params"],
                weights.meta.get("_ops"),
                weights.meta["_metrics"].get("ImageNet-1K", {}).get("acc@1"),
                here=hub_file(weights.url).exists(),
            )
        )
    return found


def find(spec: str) -> Model:
    """The model of `resnet18`, `resnet18:IMAGENET1K_V1` or `ResNet18_Weights.DEFAULT`.

    Raises:
        UnknownModelError: the architecture has no such weights.
    """
    name, weights = _resolve(spec)
    return Model(
        name=f"{name}:{weights.name}",
        architecture=Architecture("torchvision", name, len(weights.meta["categories"])),
        preprocessing=preprocessing_of(weights),
        labels=labels_for(tuple(weights.meta["categories"])),
        weights=_described(weights),
        load=lambda: _load(name, weights),
        about=_facts(weights),
    )


def knows(spec: str) -> bool:
    """Whether a name is in TorchVision's form and its catalogue."""
    return "_Weights." in spec or spec.partition(":")[0] in names()


def default_weights(name: str) -> Any:
    """The weights that TorchVision calls DEFAULT for an architecture."""
    return import_torchvision().models.get_model_weights(name).DEFAULT


def preprocessing_of(weights: Any) -> Preprocessing:
    """The preprocessing of weights, read from their own transforms."""
    preset = weights.transforms()
    (crop,), (resize,) = preset.crop_size, preset.resize_size
    return Preprocessing(
        size=(crop, crop),
        scale_size=(resize, resize),
        interpolation=preset.interpolation.value,
        mean=tuple(preset.mean),
        std=tuple(preset.std),
    )


def build(architecture: Architecture) -> nn.Module:
    """The network with random weights, as TorchVision builds it to receive pretrained ones."""
    module: nn.Module = import_torchvision().models.get_model(
        architecture.name, weights=None, num_classes=architecture.num_classes, **architecture.options
    )
    return module


def build_options(name: str, spec: str, keys: set[str]) -> dict[str, Any]:
    """What TorchVision sets, besides the number of classes, when it builds a network for pretrained weights.

    Inception and GoogLeNet normalise once more inside (`transform_input`), and have auxiliary heads only in some
    checkpoints; a vision transformer's size is its weights' own.
    """
    if name in ("inception_v3", "googlenet"):
        aux = any(key.startswith(("AuxLogits.", "aux1.")) for key in keys)
        return {"transform_input": True, "aux_logits": aux, "init_weights": False}
    if name.startswith("vit_"):
        _, weights = _resolve(spec)
        return {"image_size": weights.meta["min_size"][0]}
    return {}


def _resolve(spec: str) -> tuple[str, Any]:
    """The architecture's name and its weights' enum member."""
    models = import_torchvision().models
    if "_Weights." in spec:
        try:
            weights = models.get_weight(spec)
        except (ValueError, AttributeError, KeyError) as error:
            raise UnknownModelError(f"TorchVision has no weights {spec!r}; see `eyeful models`") from error
        name = next(name for name in names() if models.get_model_weights(name) is type(weights))
        return name, weights
    name, _, choice = spec.partition(":")
    members = models.get_model_weights(name).__members__
    if (choice or "DEFAULT") not in members:
        offers = ", ".join(f"{name}:{member}" for member in members)
        raise UnknownModelError(f"{name} has no weights {choice!r}; it has {offers}")
    return name, models.get_model_weights(name)[choice or "DEFAULT"]


def _load(name: str, weights: Any) -> tuple[nn.Module, Weights]:
    """Fetch and verify the file ourselves, then let TorchVision read it from torch.hub's cache."""
    digest = verified_sha256(fetch_hub_file(weights.url))
    with _no_pickle():
        module = import_torchvision().models.get_model(name, weights=weights, progress=False)
    return ready(module), _described(weights, digest)


@contextmanager
def _no_pickle() -> Iterator[None]:
    """torch.load with `weights_only=True`, which TorchVision does not ask for itself."""
    variable = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
    before = os.environ.get(variable)
    os.environ[variable] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before


def _described(weights: Any, sha256: str | None = None) -> Weights:
    return Weights(weights.url, weights.meta.get("license", "BSD-3-Clause, as TorchVision"), sha256)


def _facts(weights: Any) -> dict[str, Any]:
    meta = weights.meta
    facts = {
        "parameters": meta["num_params"],
        "GFLOPs": meta.get("_ops"),
        "file size": f"{meta['_file_size']} MB",
    }
    facts |= {
        f"{data} {metric}": f"{value} %"
        for data, all_ in meta["_metrics"].items()
        for metric, value in all_.items()
    }
    facts |= {
        "least input size": meta["min_size"],
        "training recipe": meta.get("recipe"),
        "notes": meta.get("_docs"),
    }
    return {name: " ".join(str(value).split()) for name, value in facts.items() if value is not None}
