"""Labels in the values of JSON and Python: lists, index to name, name to index, and the keys they come under."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eyeful.models.label_order import WNID, in_order, number, places

if TYPE_CHECKING:
    from eyeful.types import Labels

KEYS = (
    *("id2label", "idx_to_class", "idx2label", "index_to_name", "idx_to_label"),
    *("label_names", "class_names", "classes", "names", "labels", "categories", "object_type_names"),
    *("class_to_idx", "label2id", "label_to_idx", "class_to_index"),
)
"""Keys under which libraries and training scripts keep their classes; the first that is there counts."""


def labels_of_value(value: Any) -> Labels:
    """The labels that a list or a dict says.

    Raises:
        ValueError: they are not certain; the text says why.
    """
    if isinstance(value, list | tuple):
        return _of_list(list(value))
    if not isinstance(value, dict) or not value:
        raise ValueError(f"it holds no names but a {type(value).__name__}")
    named = {key: value[key] for key in KEYS if isinstance(value.get(key), list | tuple | dict) and value[key]}
    if not named:
        return _of_dict(value)
    titles = value.get("label_descriptions")
    if "label_names" in named and isinstance(titles, list | dict) and titles:
        return _described(value["label_names"], titles)
    found = {key: _or_none(one) for key, one in named.items()}
    (first, labels), *others = found.items()
    if labels is None:
        return labels_of_value(named[first])  # which says why not
    for key, other in others:
        if other is not None and len(other) == len(labels) and other.names != labels.names:
            raise ValueError(f"its {first} and its {key} differ")
    return labels


def _described(names: list[str] | dict[Any, Any], descriptions: list[str] | dict[str, str]) -> Labels:
    """Timm's label_names, wnids among them, with what label_descriptions says of each.

    Raises:
        ValueError: they are not one description for each name.
    """
    names = list(labels_of_value(names).names) if isinstance(names, dict) else names
    if isinstance(descriptions, list) and len(descriptions) != len(names):
        raise ValueError(f"it has {len(names)} label_names and {len(descriptions)} label_descriptions")
    titles = [descriptions.get(name, name) for name in names] if isinstance(descriptions, dict) else descriptions
    return in_order(
        [
            (str(name) if WNID.fullmatch(str(name)) else None, _text(title))
            for name, title in zip(names, titles, strict=True)
        ]
    )


def _or_none(value: Any) -> Labels | None:
    try:
        return labels_of_value(value)
    except (ValueError, TypeError, KeyError, IndexError):
        return None


def _of_list(values: list[Any]) -> Labels:
    """A list of names, of [wnid, name], or of [index, name]."""
    if values and all(isinstance(one, list | tuple) and len(one) == 2 for one in values):
        numbers = [number(one[0]) for one in values]
        if None not in numbers:
            return _numbered(numbers, [one[1] for one in values])
    return in_order([_entry(one) for one in values])


def _of_dict(values: dict[Any, Any]) -> Labels:
    """Index to name, or name to index; refused where both are possible and differ."""
    keys, numbers = [number(key) for key in values], [number(value) for value in values.values()]
    by_index = None not in keys and not any(isinstance(value, int) for value in values.values())
    by_name = None not in numbers and all(isinstance(key, str) for key in values)
    if not by_index and not by_name:
        key = next(iter(values))
        raise ValueError(f"neither its keys nor its values are indices (the first is {str(key)[:40]!r})")
    readings: list[tuple[list[int | None], list[Any]]] = []
    if by_index:
        readings.append((keys, list(values.values())))
    if by_name:
        readings.append((numbers, [str(key) for key in values]))
    labels = _numbered(*readings[0])
    if any(_numbered(*other).names != labels.names for other in readings[1:]):
        raise ValueError("keys and values are both numbers: which are the indices?")
    return labels


def _numbered(numbers: list[int | None], entries: list[Any]) -> Labels:
    order = places(numbers)
    if order is None:
        raise ValueError(f"its indices are not 0 to {len(entries) - 1} or 1 to {len(entries)}, each once")
    return in_order([_entry(one) for one in entries], order)


def _entry(value: Any) -> tuple[str | None, str]:
    """A name, or [wnid, name]."""
    if isinstance(value, list | tuple) and len(value) == 2:
        wnid, name = value
        return (None if wnid is None else _text(wnid)), _text(name)
    return None, _text(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a name is a text, not {str(value)[:40]}")  # noqa: TRY004 - a fault of the file
    return " ".join(value.split())
