"""TorchVision's classifiers, all of them, with preprocessing and categories from the weights' own metadata."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eyeful.errors import UnknownModelError
from eyeful.extras import available
from eyeful.models.base import Architecture, Model, ModelEntry, Weights, ready
from eyeful.models.catalogue import ListedModel, listed
from eyeful.models.families import ModelFamily, nearest
from eyeful.models.file_names import is_file_name
from eyeful.models.labels import labels_for
from eyeful.models.torchvision_import import import_torchvision
from eyeful.models.weights import fetch_hub_file, hub_file, verified_sha256
from eyeful.preprocessing import Preprocessing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torch import nn

    from eyeful.models.meta import StateDict

_REGISTERED = re.compile(r"^@register_model\(\)\n(?:@.*\n)*def (\w+)\(", re.MULTILINE)
"""How TorchVision's source declares a classifier."""
_ENUM = "_Weights"
"""Ends the name of every enum of weights."""


def names() -> list[str]:
    """Every classifier's name."""
    return list(import_torchvision().models.list_models(module=import_torchvision().models))


class TorchVisionFamily(ModelFamily):
    """`resnet18`, `resnet18:IMAGENET1K_V1` and `ResNet18_Weights.DEFAULT`."""

    priority = 10
    library = "torchvision"

    def matches(self, name: str) -> bool:
        """Whether a name is in TorchVision's form and its catalogue."""
        return ("_Weights." in name and not is_file_name(name)) or name.partition(":")[0] in names()

    def find(self, name: str) -> Model:
        """The model of an architecture and weights.

        Raises:
            UnknownModelError: the architecture has no such weights.
        """
        architecture, weights = _resolve(name)
        return Model(
            name=f"{architecture}:{weights.name}",
            architecture=Architecture("torchvision", architecture, len(weights.meta["categories"])),
            preprocessing=preprocessing_of(weights),
            labels=labels_for(tuple(weights.meta["categories"])),
            weights=_described(weights),
            load=lambda: _load(architecture, weights),
            about=_facts(weights),
        )

    def entries(self, query: str, *, local: bool = False) -> list[ModelEntry]:
        """One line for each architecture, with its default weights' facts."""
        del query, local
        if not self._is_installed():
            return []
        return [
            ModelEntry(one.name, one.parameters, one.gflops, one.top1, local=hub_file(one.weights).exists())
            for one in listed("torchvision", _listed_models)
        ]

    def names(self) -> list[str]:
        """Every classifier's name; none where TorchVision is not installed."""
        return names() if self._is_installed() else []

    @staticmethod
    def _is_installed() -> bool:
        return available("torchvision") and available("torch")

    def names_at_once(self) -> list[str]:
        """The same, read from TorchVision's source, since importing it takes seconds."""
        spec = find_spec("torchvision")
        if spec is None or spec.origin is None:
            return []
        sources = (Path(spec.origin).parent / "models").glob("*.py")
        return sorted(name for file in sources for name in _REGISTERED.findall(file.read_text(encoding="utf-8")))

    def architectures(self) -> Iterable[tuple[str, Architecture]]:
        """Every one, with ImageNet's classes."""
        return ((name, Architecture("torchvision", name, 1000)) for name in self.names())

    def build(self, architecture: Architecture) -> nn.Module:
        """The network with random weights, as TorchVision builds it to receive pretrained ones."""
        module: nn.Module = import_torchvision().models.get_model(
            architecture.name, weights=None, num_classes=architecture.num_classes, **architecture.options
        )
        return module

    def as_trained(self, architecture: Architecture, spec: str, tensors: set[str]) -> Architecture:
        """The architecture with what TorchVision sets when it builds a network for pretrained weights.

        Inception and GoogLeNet normalise once more inside (`transform_input`), and have auxiliary heads only in
        some checkpoints; a vision transformer's size is its weights' own.
        """
        options: dict[str, Any] = {}
        if architecture.name in ("inception_v3", "googlenet"):
            aux = any(name.startswith(("AuxLogits.", "aux1.")) for name in tensors)
            options = {"transform_input": True, "aux_logits": aux, "init_weights": False}
        elif architecture.name.startswith("vit_"):
            _, weights = _resolve(spec)
            options = {"image_size": weights.meta["min_size"][0]}
        return replace(architecture, options=options)

    def renamed(self, architecture: Architecture, state: StateDict) -> StateDict | None:
        """The tensors under today's names, as TorchVision translates those of its older files."""
        from eyeful.models.torchvision_names import renamed_by_torchvision

        return renamed_by_torchvision(architecture, state)


FAMILY = TorchVisionFamily()


def _listed_models() -> list[ListedModel]:
    return [_listed_model(name, default_weights(name)) for name in names()]


def _listed_model(name: str, weights: Any) -> ListedModel:
    top1 = weights.meta["_metrics"].get("ImageNet-1K", {}).get("acc@1")
    return ListedModel(name, weights.meta["num_params"], weights.meta.get("_ops"), top1, weights.url)


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


def _resolve(spec: str) -> tuple[str, Any]:
    """The architecture's name and its weights' enum member."""
    models = import_torchvision().models
    if "_Weights." in spec:
        return _resolve_member(spec)
    name, _, choice = spec.partition(":")
    members = models.get_model_weights(name).__members__
    if (choice or "DEFAULT") not in members:
        offers = ", ".join(f"{name}:{member}" for member in members)
        raise UnknownModelError(f"{name} has no weights {choice!r}; it has {offers}")
    return name, models.get_model_weights(name)[choice or "DEFAULT"]


def _resolve_member(spec: str) -> tuple[str, Any]:
    """The same of an enum's member, as TorchVision's own code spells it."""
    models = import_torchvision().models
    enum, _, member = spec.partition(".")
    name, weights = next(
        ((name, found) for name in names() if (found := models.get_model_weights(name)).__name__ == enum),
        ("", None),
    )
    listed = "`eyeful models` lists all"
    if weights is None:
        known = [models.get_model_weights(name).__name__.removesuffix(_ENUM) for name in names()]
        near = nearest(enum.removesuffix(_ENUM), known)
        meant = f"did you mean {' or '.join(f'{one}{_ENUM}.DEFAULT' for one in near)}? " if near else ""
        raise UnknownModelError(f"TorchVision has no classifier with the weights {spec!r}; {meant}{listed}")
    if member not in weights.__members__:
        offers = ", ".join(f"{enum}.{one}" for one in weights.__members__)
        raise UnknownModelError(f"{name} has no weights {spec!r}; it has {offers}; {listed}")
    return name, weights[member]


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
        f"{data} {metric}": f"{value}%"
        for data, all_ in meta["_metrics"].items()
        for metric, value in all_.items()
    }
    facts |= {
        "least input size": _least(*meta["min_size"]),
        "training recipe": meta.get("recipe"),
        "notes": meta.get("_docs"),
    }
    return {name: " ".join(str(value).split()) for name, value in facts.items() if value is not None}


def _least(height: int, width: int) -> str | None:
    """None of a network that takes any size."""
    return f"{height}x{width}" if max(height, width) > 1 else None
