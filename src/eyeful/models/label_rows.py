"""Labels in lines and tables: an index, a WordNet id and a name, in whatever order they stand."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Any

from eyeful.models.label_order import WNID, in_order, number, places, split_wnids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eyeful.types import Labels

Rows = list[list[str]]

_INDEX = {
    *("index", "idx", "id", "number", "no", "nr", "target", "position", "output", "y", "class_index", "class_idx"),
    *("class_id", "label_index", "label_idx", "label_id", "category_id", "species_id"),
}
_NAME = {
    *("name", "label", "class", "names", "labels", "classes", "category", "class_name", "classname", "label_name"),
    *("labelname", "category_name", "display_name", "species"),
}
_EITHER = {"label", "labels", "class", "classes", "category", "species"}
"""Names that a column of names has, and one of indices too, as in `label,class_name`."""
_TEXT = {"description", "title", "text", "comment"}
_WNID = {"wnid", "synset", "synset_id", "wordnet_id", "wnids"}
_KNOWN = _INDEX | _NAME | _WNID | _TEXT
"""Names of columns that make a first line a header."""
_FIRST = re.compile(r"([0-9]{1,9})(?:\s*[-=]>\s*|\s*[:,;=\t]\s*|[.)]\s+|\s+-\s+|\s+)(.+)")
_LAST = re.compile(r"(.+?)(?:\s*[-=]>\s*|\s*[:,;=\t]\s*|\s+)([0-9]{1,9}),?")
_LONGEST = 1000
"""Characters of a name with all that stands beside it; the expressions below are for lines, not for books."""
_ANY = re.compile(r"[0-9]+")
_COUNTED = re.compile(r".+[,;]\s*[0-9.]+")
"""A name with a count behind it, as tables have."""
_QUOTED = re.compile(r"""(["'])(.+)\1\s*,?""")


def labels_of_lines(lines: Sequence[str]) -> Labels:
    """One label a line, as it stands, or with an index or a WordNet id beside it.

    Raises:
        ValueError: they are not certain; the text says why.
    """
    whole = _unquoted([line.strip() for line in lines if line.strip()])
    if not whole:
        return in_order([])
    if max(map(len, whole)) > _LONGEST:
        raise ValueError(f"a line has more than {_LONGEST} characters")
    entries = split_wnids(whole)
    rest = [text for _, text in entries]
    first, last = _numbers(_FIRST, rest, 1), _numbers(_LAST, rest, 2)
    readings = [
        (order, _unquoted(names))
        for numbers, names in (first, last)
        if (order := places(numbers)) is not None and not (len(names) > 1 and len(set(names)) == 1)
    ]
    if not readings:
        _refuse_doubtful(rest, first, last)
        return in_order(entries)
    if len(readings) == 2 and readings[0][0] != readings[1][0]:
        raise ValueError("its lines begin and end with a number: which is the index?")
    order, names = readings[0]
    if len(set(names)) < 0.9 * len(names):
        raise ValueError(f"without its numbers, {len(names) - len(set(names))} names are there more than once")
    if any("\t" in name for name in names) or all(map(_COUNTED.fullmatch, names)):
        raise ValueError("it has more columns than an index and a name: a first line must name them")
    return in_order([(wnid, name) for (wnid, _), name in zip(entries, names, strict=True)], order)


def _numbers(pattern: re.Pattern[str], texts: Sequence[str], group: int) -> tuple[list[int | None], list[str]]:
    """The number in each text, and what is left of the text."""
    found = [pattern.fullmatch(text) for text in texts]
    numbers = [int(match[group]) if match else None for match in found]
    return numbers, [match[3 - group].strip() if match else text for match, text in zip(found, texts, strict=True)]


def _refuse_doubtful(names: Sequence[str], *columns: tuple[list[int | None], list[str]]) -> None:
    """Names as they stand, unless there is a number in each that is nearly, or in another order, an index.

    Raises:
        ValueError: there is.
    """
    total = len(names)
    for numbers, without in columns:
        whole = {one for one in numbers if one is not None}
        if len(whole) == total > 1 and min(whole) <= 1 and max(whole) <= 2 * total and len(set(without)) > 1:
            raise ValueError(f"each line has a number, but these are not 0 to {total - 1} or 1 to {total}")
    found = [_ANY.findall(name) for name in names]
    stems = {_ANY.sub("", name) for name in names} - {""}  # one stem: the number is part of the name
    if len({len(one) for one in found}) > 1 or len(stems) < 2:
        return
    for column in zip(*found, strict=True):
        order = places([number(one) for one in column])
        if order is not None and order != sorted(order):
            raise ValueError("each line has a number in it, not in their order: are these the indices?")


def _unquoted(texts: list[str]) -> list[str]:
    """Texts without their quotes, if each has some."""
    found = [_QUOTED.fullmatch(text) for text in texts]
    return [match[2].strip() for match in found if match] if all(found) else texts


def labels_of_rows(text: str, ending: str) -> Rows | None:
    """The cells of a table: of .csv and .tsv, and of other text that begins with names of columns.

    Raises:
        ValueError: it cannot be taken apart.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return None
    delimiters = "\t" if ending == ".tsv" else "\t;,"
    delimiter = max(delimiters, key=lambda one: (one in lines[0], lines[0].count(one)))
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
    except csv.Error as error:
        raise ValueError(f"it is not CSV ({error})") from error
    is_table = len(rows[0]) > 1 and {_column(cell) for cell in rows[0]} <= _KNOWN
    return rows if ending in (".csv", ".tsv") or is_table else None


def table_in(value: Any) -> Rows | None:
    """The table that a JSON list of objects is, as [{"id": 0, "name": "rose"}]; None for other values."""
    if isinstance(value, dict) and len(value) == 1:
        (value,) = value.values()
    if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
        return None
    columns = [name for name, cell in value[0].items() if isinstance(cell, str | int | float)]
    columns = [name for name in columns if all(isinstance(one.get(name), str | int | float) for one in value)]
    if not any(_column(name) in _KNOWN for name in columns):
        raise ValueError("its objects have no name or label in common")
    return [columns, *([str(one[name]) for name in columns] for one in value)]


def labels_of_table(rows: Rows, *, has_header: bool = False) -> Labels:
    """The labels of a table's rows.

    Args:
        rows: the cells.
        has_header: the first row is certainly one; else that is told by its words, or by having no index where
            others have.

    Raises:
        ValueError: which column is what is not certain.
    """
    if len({len(row) for row in rows}) > 1:
        raise ValueError("its rows do not all have the same number of columns")
    header, body = [_column(cell) for cell in rows[0]], rows[1:]
    known = {*_KNOWN, ""}
    below = [places([number(cell) for cell in column]) for column in zip(*body, strict=True)]
    beside = [number(cell) for cell in rows[0]]
    is_header = (
        has_header
        or set(header) <= known
        or any(order is not None and one is None for order, one in zip(below, beside, strict=False))
    )
    if not is_header:
        header, body = [""] * len(rows[0]), rows
    if len(header) == 1:
        return labels_of_lines([row[0] for row in body])
    columns = dict(enumerate(zip(*body, strict=True)))
    order, numbered = _index_column(header, columns)
    wnids = next((n for n, cells in columns.items() if all(map(WNID.fullmatch, cells))), None)
    left = [n for n in columns if n not in {*numbered, wnids}]
    named = [n for n in left if header[n] in _NAME]
    left = named if len(named) == 1 else left
    if not left and wnids is not None:
        left = [wnids]
    if len(left) != 1:
        which = " or ".join(header[n] or f"column {n + 1}" for n in left)
        raise ValueError(f"it is not certain which column has the names ({which or 'all are numbers'})")
    names = columns[left[0]]
    ids: Sequence[str | None] = columns[wnids] if wnids is not None else [None] * len(names)
    return in_order(list(zip(ids, names, strict=True)), order)


def _index_column(header: list[str], columns: dict[int, Any]) -> tuple[list[int] | None, list[int]]:
    """The order that a table's index says, and which columns are numberings.

    Under a header, a numbering by another name may be a count: it is taken only where it changes nothing.

    Raises:
        ValueError: a column that is called an index is none, two differ, or one by another name is out of order.
    """
    orders = {n: places([number(cell) for cell in cells]) for n, cells in columns.items()}
    for n, order in orders.items():
        if header[n] in _INDEX and order is None:
            total = len(columns[n])
            raise ValueError(f"its column {header[n]} is not 0 to {total - 1} or 1 to {total}, each once")
    numbered = [n for n, order in orders.items() if order is not None]
    preferred = [n for n in numbered if header[n] in _INDEX] or numbered
    if len({tuple(orders[n] or ()) for n in preferred}) > 1:
        raise ValueError("it has two columns that could be the index, and they differ")
    order = orders[preferred[0]] if preferred else None
    is_called = any(header[n] in _INDEX | _EITHER for n in preferred)
    if order is not None and order != sorted(order) and any(header) and not is_called:
        which = header[preferred[0]] or f"{preferred[0] + 1}, which has no name,"
        raise ValueError(f"is its column {which} the index? Call it index if it is, and leave it out if not")
    return order, numbered


def _column(name: str) -> str:
    """A column's name as it is compared: in lower case, words joined by `_`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip().lstrip("#"))
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
