"""A name → architecture + weights + preprocessing + labels. Nothing heavy is imported before a look-up."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from eyeful.errors import UnknownModelError, UsageError
from eyeful.models.base import DEFAULT_MODEL, Architecture, Model, ModelEntry, Weights

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "DEFAULT_MODEL",
    "Architecture",
    "Model",
    "ModelEntry",
    "ModelRequest",
    "Weights",
    "find_model",
    "list_models",
]


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What a user asked for: a model's name, and perhaps a checkpoint and labels of their own."""

    name: str = DEFAULT_MODEL
    checkpoint: Path | None = None
    labels: Path | None = None

    def __post_init__(self) -> None:
        if self.labels and not self.checkpoint:
            raise UsageError("--labels goes with --checkpoint: a model's own weights bring their own labels")


def find_model(request: ModelRequest) -> Model:
    """Resolve a name; weights of the catalogue are not fetched yet.

    Raises:
        UnknownModelError: the name means nothing; the text offers the nearest ones.
        CheckpointError: the local checkpoint cannot be used.
    """
    model = _from_catalogue(request.name)
    if request.checkpoint is None:
        return model
    from eyeful.models.checkpoint import apply_checkpoint

    return apply_checkpoint(model, request.name, request.checkpoint, request.labels)


def list_models(query: str = "", *, here: bool = False) -> list[ModelEntry]:
    """What can be loaded by name: packaged models, TorchVision's 80, and timm's that match a query.

    Args:
        query: part of a name; an empty one leaves timm's 1,800 out, but for those that are here.
        here: only models whose weights are on this machine.
    """
    from eyeful.extras import available
    from eyeful.models import packaged

    found = packaged.entries()
    if available("torchvision") and available("torch"):
        from eyeful.models import torchvision

        found += torchvision.entries()
    if (query or here) and available("timm") and available("torch"):
        from eyeful.models import timm

        found += timm.entries(query.removeprefix("timm/"))
    return [entry for entry in found if query.lower() in entry.name.lower() and (entry.here or not here)]


def _from_catalogue(name: str) -> Model:
    from eyeful.models import packaged, timm, torchvision

    if name in packaged.NAMES:
        return packaged.find(name)
    if name.startswith("timm/"):
        return timm.find(name.removeprefix("timm/"))
    if name.startswith("hf-hub:"):
        return timm.find_on_hub(name.removeprefix("hf-hub:"))
    if torchvision.knows(name):
        return torchvision.find(name)
    raise UnknownModelError(f"unknown model {name!r}{_offers(name, [*packaged.NAMES, *torchvision.names()])}")


def _offers(name: str, names: Iterable[str]) -> str:
    from eyeful.models import timm

    if timm.knows(name):
        return f"; timm has it: timm/{name}"
    near = get_close_matches(name.lower(), list(names), 2)
    meant = f"; did you mean {' or '.join(near)}?" if near else ";"
    return f"{meant} `eyeful models {name[:3]}` lists some"
