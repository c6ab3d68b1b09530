"""Names of classes that a training script put beside the weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from numbers import Integral
from typing import TYPE_CHECKING, Any

from eyeful.models.checkpoint_numpy import StoredArray
from eyeful.models.label_values import KEYS, labels_of_value
from eyeful.models.labels import imagenet_labels, imagenet_wnids

if TYPE_CHECKING:
    from eyeful.types import Labels


def labels_in(loaded: Any, num_classes: int) -> tuple[Labels | None, str]:
    """The labels of a checkpoint, and what to tell about them.

    Args:
        loaded: what the file holds.
        num_classes: how many the weights have.

    Returns:
        The labels, None where the file has none that can be trusted: of another number, or two that disagree; and
        a part of a sentence, empty where the file has no names.
    """
    found = dict(_named(loaded))
    unclear = next((key for key, labels in found.items() if labels is None), None)
    if unclear is not None:
        return None, f"{unclear} does not name each class once and was not used"
    clear = {key: labels for key, labels in found.items() if labels is not None}
    fitting = {key: labels for key, labels in clear.items() if len(labels) == num_classes}
    if not clear:
        return None, ""
    if not fitting:
        key, labels = next(iter(clear.items()))
        return None, f"{key} has {len(labels)} names for {num_classes} classes and was not used"
    key, labels = next(iter(fitting.items()))
    other = next((other for other, others in fitting.items() if others.names != labels.names), None)
    if other is not None:
        return None, f"{key} and {other} disagree, so neither names the classes"
    are_imagenets = labels.names == imagenet_wnids()
    return imagenet_labels() if are_imagenets else labels, f"{key} names the classes"


def _named(loaded: Any) -> Iterator[tuple[str, Labels | None]]:
    """Keys that tell names of classes, of the file itself and one step deep; None where a mapping is unclear."""
    outer = entries_of(loaded)
    for place, entries in [("", outer), *((f"{key}.", entries_of(value)) for key, value in outer.items())]:
        known = {key.lower(): (key, value) for key, value in entries.items() if isinstance(key, str)}
        for spelled, value in (known[key] for key in KEYS if key in known):
            plain = _plain(value)
            labels = _labels_of(plain)
            if labels is not None or (isinstance(plain, dict) and plain):
                yield place + spelled, labels


def entries_of(value: Any) -> Mapping[Any, Any]:
    """A mapping as it is, an argparse.Namespace as one; nothing of anything else."""
    if isinstance(value, Mapping):
        return value
    return vars(value) if type(value).__name__ in ("Namespace", "SimpleNamespace") else {}


def _plain(value: Any) -> Any:
    """A value as JSON would have it: a dict with whole numbers of Python's own, or a list."""
    if isinstance(value, StoredArray):
        found = value.value()
        return found if found is None or isinstance(found, list) else found.tolist()
    if isinstance(value, Mapping):
        return {_number(key): _number(one) for key, one in value.items()}
    return value


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else value


def _labels_of(value: Any) -> Labels | None:
    """The labels that a value says as a label file would; None where it says none with certainty."""
    if not isinstance(value, dict | list | tuple) or not value:
        return None
    try:
        return labels_of_value(value)
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return None
