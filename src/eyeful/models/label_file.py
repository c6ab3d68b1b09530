"""Label files in the forms that people have. What could be read in two ways is refused.

one name a line, perhaps quoted      rose
an index before or after the name    0 rose   0: rose   0,rose   rose 0     0..N-1 or 1..N, in any order
a WordNet id before the name         n01440764 tench
a table with or without a header     index,name   wnid,name   label,class_name
JSON, or a Python literal            ["rose"]   {"0": "rose"}   {"0": ["n01440764", "tench"]}   {"rose": 0}
the same under a key                 id2label   label_names   class_to_idx   classes ...
a bundle's folder                    its own labels
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from eyeful.bundle import is_bundle, read_bundle
from eyeful.errors import UsageError
from eyeful.models.label_rows import labels_of_lines, labels_of_rows, labels_of_table, table_in
from eyeful.models.label_values import labels_of_value
from eyeful.signature import name_of_signature

if TYPE_CHECKING:
    from pathlib import Path

    from eyeful.types import Labels

_OTHER_FORMATS = (".yaml", ".yml", ".pbtxt", ".xlsx", ".xls", ".pkl", ".pickle", ".npy", ".pth", ".pt", ".xml")
_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*\s*=\s*(?=[\[{(])")
_CLEAR = 'one name a line, or JSON as ["rose", "tulip"] or {"0": "rose", "1": "tulip"}, is clear'
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
"""Control characters, tabs among them, which stand between columns, and halves of characters."""
_MOST_BYTES = 64 << 20


class _RepeatedKeyError(ValueError):
    """A dict has a key twice."""


def read_label_file(path: Path) -> Labels:
    """The labels of a file, by position in the output vector.

    Raises:
        UsageError: it cannot be read, or not with certainty; the text says what is unclear.
        BundleError: it is a bundle, and damaged.
    """
    if is_bundle(path):
        return replace(read_bundle(path).manifest.labels, assumed=False)
    labels = _read(path)
    if not labels.names:
        raise UsageError(f"the labels {path} are empty: {_CLEAR}")
    for index, name in enumerate(labels.names):
        if not name or _UNPRINTABLE.search(name):
            fault = "more than text in its name" if name else "no name"
            raise UsageError(f"the labels {path} are unclear: index {index} has {fault}; {_CLEAR}")
    return labels


def _read(path: Path) -> Labels:
    if path.suffix.lower() in _OTHER_FORMATS:
        raise UsageError(f"the labels {path} are in a format that is not read ({path.suffix}): {_CLEAR}")
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise UsageError(f"the labels {path} are no regular file")
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"the labels {path} are larger than {_MOST_BYTES >> 20} MB: no label file is")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"the labels {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        what = name_of_signature(path.read_bytes()[:64])
        fault = f"are an image ({what}): {_CLEAR}" if what else "are not UTF-8 text: save them as UTF-8"
        raise UsageError(f"the labels {path} {fault}") from error
    try:
        return labels_of_text(text, path.suffix.lower())
    except (ValueError, TypeError, KeyError, IndexError, RecursionError, MemoryError) as error:
        raise UsageError(f"the labels {path} are unclear: {error or type(error).__name__}; {_CLEAR}") from error


def labels_of_text(text: str, ending: str) -> Labels:
    """The labels of a file's content.

    Args:
        text: all of it.
        ending: of the file's name: .json, .csv and .tsv decide how it is read.

    Raises:
        ValueError: they are not certain; the text says why.
    """
    value = _literal(text, must_be=ending == ".json")
    if value is not None:
        rows = table_in(value)
        return labels_of_value(value) if rows is None else labels_of_table(rows, has_header=True)
    rows = labels_of_rows(text, ending)
    return labels_of_lines(text.split("\n")) if rows is None else labels_of_table(rows)


def _literal(text: str, *, must_be: bool) -> Any:
    """The value of JSON or of a Python literal, perhaps assigned to a name; None for other text."""
    bare = _ASSIGNMENT.sub("", text.strip()).rstrip(";")
    if not must_be and not bare.startswith(("{", "[", "(")):
        return None
    try:
        return json.loads(bare, object_pairs_hook=_distinct)
    except json.JSONDecodeError as error:
        reason = str(error)
    try:
        tree = ast.parse(bare, mode="eval")
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict):
                _distinct([(ast.dump(key), None) for key in node.keys if key is not None])
        return ast.literal_eval(tree)
    except _RepeatedKeyError:
        raise
    except (SyntaxError, ValueError) as error:
        if bare.startswith("(") and not must_be:
            return None
        raise ValueError(f"it is neither JSON nor a Python literal ({reason})") from error


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A dict of pairs, none of whose keys is there twice, since one would be lost."""
    values = dict(pairs)
    if len(values) != len(pairs):
        raise _RepeatedKeyError("a key is there twice")
    return values
