"""Whose labels answers are: of a classifier, a server, or rows."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eyeful.bundle import is_bundle, read_bundle
from eyeful.errors import EngineError, EyefulError, UsageError
from eyeful.filenames import printable
from eyeful.models import ModelRequest, find_model
from eyeful.models.labels import relabelled
from eyeful.sources import Source
from eyeful.types import Item, Labels

if TYPE_CHECKING:
    from eyeful.pipeline import SupportsStream


def labels_of(classifier: SupportsStream) -> Labels:
    """The labels of a classifier; a server is asked for them, with an image of one colour.

    Raises:
        EngineError: the server does not tell all of them.
    """
    names, wnids = getattr(classifier, "labels", None), getattr(classifier, "wnids", None)
    if names is not None and wnids is not None:
        return Labels(tuple(names), tuple(wnids))
    classes = int(classifier.provenance["classes"])
    (row,) = classifier.stream(Source(iter([Item("grey.png", _grey())]), single=True), topk=classes)
    scores = sorted(row.top, key=lambda score: score.index)
    found = Labels(tuple(score.label for score in scores), tuple(score.wnid for score in scores))
    if [score.index for score in scores] != list(range(classes)) or found.sha256 != _digest(classifier.provenance):
        raise EngineError(f"the server at {classifier.device} does not tell its {classes} labels")
    return found


def labels_of_model(
    name: str, checkpoint: Path | None = None, labels: Path | None = None, provenance: dict[str, Any] | None = None
) -> Labels:
    """The labels of a model that is not loaded.

    Args:
        name: as `eyeful.load` takes it.
        checkpoint: the same.
        labels: the same.
        provenance: what rows say of the model that made them; they must be its labels.

    Raises:
        ModelError: there is no such model.
        UsageError: it has other labels than the rows; or the label file does not fit.
    """
    if is_bundle(Path(name)):
        manifest = read_bundle(Path(name)).manifest
        found, notes = manifest.labels, manifest.notes
        if labels is not None:
            found, notes = relabelled(found, notes, labels)
    else:
        found = find_model(ModelRequest(name, checkpoint, labels)).labels
    if provenance and _digest(provenance) not in (None, found.sha256):
        raise UsageError(f"the labels of {printable(name)} are not those of the rows: {_WAY_OUT}")
    return found


def labels_of_rows(name: str, provenance: dict[str, Any]) -> Labels:
    """The labels of the model that made rows, if they say which it was.

    Raises:
        UsageError: they do not, or it is not to be found by its name.
    """
    model = provenance.get("model")
    if not isinstance(model, str):
        raise UsageError(f"{printable(name)} does not say which model made it: {_WAY_OUT}")
    try:
        return labels_of_model(model, provenance=provenance)
    except UsageError:
        raise
    except EyefulError as error:
        raise UsageError(
            f"the labels of {printable(model)}, which made {printable(name)}, are not to be had: {_WAY_OUT}"
        ) from error


_WAY_OUT = "--model NAME, with --checkpoint and --labels where it had them, says whose labels they are"


def _digest(provenance: dict[str, Any]) -> str | None:
    found = provenance.get("labels_sha256")
    return found if isinstance(found, str) else None


def _grey() -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (64, 64), (128, 128, 128)).save(file, "png")
    return file.getvalue()
