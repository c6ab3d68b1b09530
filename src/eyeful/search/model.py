"""The model that made a file of vectors, opened again; vectors of any other are refused."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eyeful.classifier import open_classifier
from eyeful.errors import EngineError, ModelError, UsageError
from eyeful.filenames import printable
from eyeful.loading import spec_of
from eyeful.predictor import PredictorSpec
from eyeful.results.differences import difference

if TYPE_CHECKING:
    from eyeful.classifier import Classifier

_DECIDES = {
    "weights": "the weights",
    "preprocessing": "the preprocessing",
    "precision": "the precision",
    "quantization": "the quantization",
    "decode": "the decoding",
    "resize": "the resizing",
    "colour_profile": "the colour profile's handling",
    "colour_policy": "the colours' handling",
}
"""What decides a vector, by its key among `PredictorSpec.reproducibility_keys`. Engines agree in one precision."""
_ANSWERS = {"topk": 1, "min_prob": 0.0, "sure": None}
"""Fields of a spec that decide answers and no vector, as they are for a search."""


def open_model_of(path: str | Path, record: dict[str, Any], **options: Any) -> Classifier:
    """The classifier that made the vectors of a file.

    Args:
        path: of the file, for messages.
        record: what it says of how it was made, `Features.record`.
        **options: keywords of `eyeful.load` in place of what the record says.

    Raises:
        UsageError: the record does not say how the vectors were made, or this model makes others.
        ModelError, EngineError: the model cannot be had here, or cannot run as it was.
        MissingExtraError: something must be installed first.
    """
    place = printable(str(path))
    spec = _spec_of(place, record, options)
    try:
        classifier = open_classifier(spec)
    except (ModelError, EngineError) as error:
        if "model" in options:
            raise
        raise type(error)(f"the model that made {place} cannot be opened: {error}") from error
    try:
        check_made_by(place, record, classifier)
    except UsageError:
        classifier.close()
        raise
    return classifier


def check_made_by(place: str, record: dict[str, Any], classifier: Classifier) -> None:
    """See that a classifier makes such vectors as a file holds.

    Raises:
        UsageError: it does not; the text names each difference.
    """
    before, now = _keys_of(place, record), classifier.spec.reproducibility_keys()
    differing = [
        difference(what, name, before.get(name), now.get(name))
        for name, what in _DECIDES.items()
        if before.get(name) != now.get(name)
    ]
    if differing:
        raise UsageError(
            f"the vectors in {place} cannot be compared with those of {classifier.model}: "
            f"{'; '.join(differing)[:600]}. Run the model as then, or embed the images again"
        )


def _spec_of(place: str, record: dict[str, Any], options: dict[str, Any]) -> PredictorSpec:
    """What to open: what the record says, under the options."""
    found = record.get("spec") or {"model": title_of(record), "pinned": _keys_of(place, record)}
    try:
        fields = asdict(PredictorSpec(**found).as_pinned())
    except (TypeError, UsageError) as error:
        raise UsageError(f"{place} was made by another version of eyeful: embed the images again") from error
    del fields["pinned"], fields["calibration"]
    if fields["labels"] and not Path(fields["labels"]).exists():
        fields["labels"] = None  # names decide no vector
    if options.get("exact"):
        del fields["engine"], fields["precision"]  # it says both
    return spec_of(**(fields | _ANSWERS | options), calibration="none")


def _keys_of(place: str, record: dict[str, Any]) -> dict[str, Any]:
    """What decided the vectors.

    Raises:
        UsageError: nobody knows.
    """
    keys = record.get("reproducibility_keys")
    if not isinstance(keys, dict):
        raise UsageError(f"{place} does not say which model made its vectors: embed the images again")
    return keys


def title_of(record: dict[str, Any]) -> str:
    """The name of the model that made the vectors, for people."""
    provenance = record.get("provenance")
    return str((provenance if isinstance(provenance, dict) else {}).get("model", "an unknown model"))
