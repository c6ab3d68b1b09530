"""Names of classes that a training script put beside the weights."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from numbers import Integral
from typing import Any

from eyeful.models.checkpoint_numpy import StoredArray
from eyeful.models.labels import imagenet_labels, imagenet_wnids
from eyeful.types import Labels

_KEYS = (
    *("class_to_idx", "idx_to_class", "class_names", "classes"),
    *("label_names", "names", "id2label", "label2id"),
)
_WNID = re.compile(r"n\d{8}")


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
    unclear = next((key for key, names in found.items() if not names), None)
    if unclear is not None:
        return None, f"{unclear} does not name each class once and was not used"
    fitting = {key: names for key, names in found.items() if len(names) == num_classes}
    if not found:
        return None, ""
    if not fitting:
        key, names = next(iter(found.items()))
        return None, f"{key} has {len(names)} names for {num_classes} classes and was not used"
    key, names = next(iter(fitting.items()))
    other = next((other for other, others in fitting.items() if others != names), None)
    if other is not None:
        return None, f"{key} and {other} disagree, so neither names the classes"
    return _as_labels(names), f"{key} names the classes"


def _named(loaded: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Keys that tell names of classes: of the file itself, and of what lies in it one step deep."""
    outer = _entries(loaded)
    for place, entries in [("", outer), *((f"{key}.", _entries(value)) for key, value in outer.items())]:
        known = {key.lower(): (key, value) for key, value in entries.items() if isinstance(key, str)}
        for key in _KEYS:
            if key not in known:
                continue
            spelled, value = known[key]
            if (names := _names(value)) or (isinstance(value, Mapping) and value):
                yield place + spelled, names


def _entries(value: Any) -> Mapping[Any, Any]:
    """A mapping as it is, an argparse.Namespace as one; nothing of anything else."""
    if isinstance(value, Mapping):
        return value
    return vars(value) if type(value).__name__ in ("Namespace", "SimpleNamespace") else {}


def _names(value: Any) -> tuple[str, ...]:
    """Names in the order of the classes; none where the value does not tell each class's name once."""
    if isinstance(value, StoredArray):
        value = list(found) if (found := value.value()) is not None else ()
    if isinstance(value, Mapping):
        pairs = [_index_and_name(key, one) for key, one in value.items()]
        by_index = dict(pair for pair in pairs if pair is not None)
        whole = len(by_index) == len(value) and by_index.keys() == set(range(len(value)))
        return tuple(by_index[index] for index in range(len(value))) if whole else ()
    is_list = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    return tuple(map(str, value)) if is_list and all(isinstance(name, str) for name in value) else ()


def _index_and_name(key: Any, value: Any) -> tuple[int, str] | None:
    if isinstance(key, str) and isinstance(value, Integral):
        return int(value), key
    if isinstance(value, str) and (isinstance(key, Integral) or (isinstance(key, str) and key.isdecimal())):
        return int(key), value
    return None


def _as_labels(names: tuple[str, ...]) -> Labels:
    """Names as labels; WordNet ids, as ImageNet's folders are called, go where those go."""
    if names == imagenet_wnids():
        return imagenet_labels()
    return Labels(names, tuple(name if _WNID.fullmatch(name) else None for name in names))
