"""A name → architecture + weights + preprocessing + labels. Nothing heavy is imported before a look-up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from eyeful.errors import UnknownModelError, UsageError
from eyeful.models.base import DEFAULT_MODEL, Architecture, Model, ModelEntry, Weights, ready
from eyeful.models.families import ModelFamily, build, families, nearest
from eyeful.models.file_names import what_to_type
from eyeful.models.labels import relabelled
from eyeful.preprocessing import NO_OVERRIDES, InputOverrides, Preprocessing

__all__ = [
    "DEFAULT_MODEL",
    "Architecture",
    "Model",
    "ModelEntry",
    "ModelFamily",
    "ModelRequest",
    "Weights",
    "build",
    "find_model",
    "list_models",
    "ready",
]


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What a user asked for: a model's name, perhaps with weights and labels of their own.

    Attributes:
        name: as `eyeful.load` takes it.
        checkpoint: a file with weights.
        labels: a file with labels, in place of the model's or for the checkpoint.
        overrides: what of the network's input is not the weights' own.
        preprocessing: all of it, where the checkpoint brings another than the architecture's own weights.
    """

    name: str = DEFAULT_MODEL
    checkpoint: Path | None = None
    labels: Path | None = None
    overrides: InputOverrides = NO_OVERRIDES
    preprocessing: Preprocessing | None = None

    def __post_init__(self) -> None:
        for path in (self.checkpoint, self.labels):
            if path is not None and path.exists() and not (path.is_file() or path.is_dir()):
                raise UsageError(f"{path} is no regular file, which is read more than once: save it as one")


def find_model(request: ModelRequest) -> Model:
    """Resolve a name; weights of the catalogue are not fetched yet.

    Raises:
        UnknownModelError: the name means nothing; the text offers the nearest ones.
        CheckpointError: the local checkpoint cannot be used.
        UsageError: the label file cannot be read with certainty, or does not fit.
    """
    model = _from_catalogue(request.name)
    if request.preprocessing is not None:
        model = replace(model, preprocessing=request.preprocessing)
    if request.checkpoint is not None:
        from eyeful.models.checkpoint import apply_checkpoint

        if model.graph is not None:
            raise UsageError(
                f"{request.name} has its weights in it; --checkpoint goes with an architecture's name"
            )
        head = max(1, model.architecture.num_classes)  # one without a head gets one, as large as the checkpoint's
        model = replace(model, architecture=replace(model.architecture, num_classes=head), notes=())
        model = apply_checkpoint(model, request.name, request.checkpoint, request.labels, request.overrides)
    elif request.labels is not None and model.labels.names:  # without any, `load` refuses
        labels, notes = relabelled(model.labels, model.notes, request.labels)
        model = replace(model, labels=labels, notes=notes)
    if model.graph is not None:
        from eyeful.models.graph import assumed_input

        model = replace(model, notes=assumed_input(model, request.overrides) + model.notes)
    return replace(model, preprocessing=model.preprocessing.with_overrides(request.overrides))


def list_models(query: str = "", *, local: bool = False) -> list[ModelEntry]:
    """What can be loaded by name: packaged models, TorchVision's 80, and timm's that match a query.

    Args:
        query: part of a name, or a pattern with `*`, `?` or `[...]` for a whole one ("resnet*"), with or without
            `timm/`; an empty one leaves timm's 1,800 out, unless `local` asks for those that are on this machine.
        local: only models whose weights are on this machine.
    """
    found = [entry for family in families() for entry in family.entries(query, local=local)]
    return [entry for entry in found if _is_asked_for(entry.name, query) and (entry.local or not local)]


def _is_asked_for(name: str, query: str) -> bool:
    name, query = name.lower(), query.lower()
    if not set(query) & set("*?["):
        return query in name
    return fnmatchcase(name, query) or fnmatchcase(name.rpartition("/")[2], query)


def _from_catalogue(name: str) -> Model:
    for family in families():
        if family.matches(name):
            return family.find(name)
    raise UnknownModelError(f"unknown model {name!r}{_offers(name)}")


def _offers(name: str) -> str:
    instead = what_to_type(name)
    if instead is not None:
        return f": {instead}"
    near = nearest(name, [offer for family in families() for offer in family.names()])
    meant = f"; did you mean {' or '.join(near)}?" if near else ";"
    return f"{meant} `eyeful models` lists them"
