"""What one line of a list says, and how the column of images is called."""

from dataclasses import dataclass
from typing import Any

from eyeful.errors import UsageError
from eyeful.filenames import printable, read_as_cp1252

NAME_COLUMNS = (
    *("filename", "file", "path", "image", "url"),
    *(
        "image_path",
        "img_path",
        "image_file",
        "img_file",
        "file_path",
        "file_name",
        "image_filename",
        "image_name",
    ),
    *("full_path", "absolute_path", "relative_path", "rel_path", "img", "photo", "photo_path"),
    *("image_url", "img_url", "photo_url", "file_url", "uri", "image_uri", "s3_uri", "src", "filenames", "paths"),
)
"""Columns that hold images, the most likely first; in any letters, with or without what joins the words."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One image that a list names.

    Attributes:
        line: where, from 1.
        name: as it is written; empty where the list names none.
        columns: the other columns; None where there is none.
        fault: why it is no entry, after "line 7".
    """

    line: int
    name: str
    columns: dict[str, Any] | None = None
    fault: str | None = None


def valid(value: Any) -> Any:
    """A JSON value that can be written as UTF-8."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return _as_valid_text(value)
    if isinstance(value, dict):
        return {valid(key): valid(one) for key, one in value.items()}
    return [valid(one) for one in value] if isinstance(value, list) else value


def _as_valid_text(text: str) -> str:
    """Text of a list that is not UTF-8: a spreadsheet's, on Windows, or half of a surrogate pair."""
    try:
        return read_as_cp1252(text)
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()


def place_in(names: list[str], column: str) -> int | None:
    """Where a column is, by its name, or else by its name in other letters."""
    for same in (str.strip, _squeezed):
        for place, name in enumerate(names):
            if same(name) == same(column):
                return place
    return None


def places_of_images(names: list[str]) -> list[int]:
    """Where columns are whose names are known to hold images, the most likely first."""
    columns = list(map(_squeezed, names))
    return [columns.index(known) for known in _KNOWN if known in columns]


def _squeezed(name: str) -> str:
    """A column's name without what people write differently."""
    return "".join(char for char in name.casefold() if char.isalnum())


_KNOWN = tuple(map(_squeezed, NAME_COLUMNS))


def listed(names: list[str]) -> str:
    """Columns, for an error."""
    shown = ", ".join(printable(name.strip()) for name in names[:12])
    return shown[:200] + (" ..." if len(names) > 12 or len(shown) > 200 else "")


def no_column(path: object, column: str, names: list[str]) -> UsageError:
    """The error where a list has no column of the name that was asked for."""
    return UsageError(f"the list {path} has no column {column!r}; it has {listed(names)}")
