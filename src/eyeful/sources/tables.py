"""The text of a list: its encoding, its separator, its header, and which column holds the images."""

import csv
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal

from eyeful.errors import UsageError, one_line
from eyeful.filenames import printable
from eyeful.sources.folder import EXTENSIONS

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

_SEPARATORS = {".tsv": "\t,;", ".lst": "\t ,;", ".txt": "\t,; ", ".csv": ",;\t|"}
"""What may stand between the columns of a list, by its ending."""
_LINES_OF_JSON = (".jsonl", ".ndjson")
ENDINGS = (*_SEPARATORS, *_LINES_OF_JSON)
"""What a list's name ends with."""

Exists = Callable[[str], bool]
"""Whether a name leads to a file, or is an address."""


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


def entries(path: Path, column: str | None, exists: Exists) -> Iterator[Entry]:
    """What a list names, line by line.

    Args:
        path: the list.
        column: the one that holds the images; None: it is found by its name or its content.
        exists: tells names from other cells.

    Raises:
        UsageError: no column, or more than one kind of text; the text says which there are.
        OSError, ValueError, csv.Error: it cannot be read.
    """
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        encoding = _encoding_of(file.read(4096), path)
    errors = "surrogateescape" if encoding.startswith("utf-8") else "strict"
    with path.open(encoding=encoding, errors=errors, newline="") as text:
        if suffix in _LINES_OF_JSON:
            yield from _json_entries(text, column, path)
        else:
            yield from _Table(text, column, exists, path).entries()


def _encoding_of(head: bytes, path: Path) -> str:
    """By the byte order mark, or where the NULs of Latin text stand; else UTF-8."""
    if head.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "utf-32"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\0" not in head:
        return "utf-8-sig"
    even, odd = head[::2].count(0), head[1::2].count(0)
    if even == 0 or odd == 0:
        return "utf-16-le" if odd else "utf-16-be"
    raise UsageError(f"the list {path} is not text")


class _Table:
    """A list with a name on each line, or with columns.

    Args:
        text: opened with newline="".
        column: as for `entries`.
        exists: as for `entries`.
        path: for errors.
    """

    def __init__(self, text: IO[str], column: str | None, exists: Exists, path: Path) -> None:
        self._text = text
        self._column = column
        self._exists = exists
        self._path = path

    def entries(self) -> Iterator[Entry]:
        """Every line that is not blank."""
        first = next((line for line in self._text if line.strip()), None)
        if first is None:
            return
        separator = self._separator_of(first)
        self._text.seek(0)
        if separator is None:
            for number, line in enumerate(self._text, 1):
                if line.strip():
                    yield Entry(number, line.rstrip("\r\n"))
            return
        records = self._records(separator)
        number, head = next(records)
        header = self._header_of(head)
        if header is None:
            header = [f"column_{place}" for place in range(1, len(head) + 1)]
            records = chain([(number, head)], records)
        ahead = list(islice(records, 1))
        place = self._place_of(header, ahead[0][1] if ahead else [])
        for number, cells in chain(ahead, records):
            yield _entry(number, cells, header, place, separator)

    def _records(self, separator: str) -> Iterator[tuple[int, list[str]]]:
        """Each record, and the line where it begins."""
        plain = separator == " "
        quoting: Literal[0, 3] = csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL
        reader = csv.reader(
            self._text, delimiter=separator, quoting=quoting, skipinitialspace=plain, strict=not plain
        )
        begins = 1
        try:
            for cells in reader:
                if cells and (len(cells) > 1 or not cells[0] or not cells[0].isspace()):
                    yield begins, cells
                begins = reader.line_num + 1
        except csv.Error as error:
            raise UsageError(
                f"the list {self._path}, line {begins}: its quotation marks do not match ({one_line(error)})"
            ) from error

    def _separator_of(self, line: str) -> str | None:
        """What parts the columns: that under which the line makes the most sense; None: the line is a name."""
        suffix = self._path.suffix.lower()
        best: str | None = _SEPARATORS[suffix][0]
        most = 0
        if suffix == ".txt" and self._column is None:
            whole = line.rstrip("\r\n")
            best, most = None, 4 if self._exists(whole) else self._sense_of([whole])
            most = 0 if most == 3 else most  # the name of a column is a header, of a list of one column
        for separator in _SEPARATORS[suffix]:
            cells = next(csv.reader([line], delimiter=separator, skipinitialspace=separator == " "), [])
            sense = self._sense_of(cells)
            if sense > most:
                best, most = separator, sense
        return best

    def _sense_of(self, cells: list[str]) -> int:
        """How much cells look like a header (3), or like a line with an image (2, or 1 by its ending alone)."""
        if self._column is not None and _place_in(cells, self._column) is not None:
            return 3
        others = [cell for cell in cells if _squeezed(cell) not in _KNOWN]
        if any(self._exists(cell) for cell in others):
            return 2
        if any(_is_named_like_a_image(cell) for cell in others):
            return 1
        return 3 if len(others) < len(cells) else 0

    def _header_of(self, cells: list[str]) -> list[str] | None:
        """The columns' names; None: it is a line like the others.

        Raises:
            UsageError: it is neither.
        """
        asked = self._column
        is_header = self._sense_of(cells) == 3
        if asked is not None:
            is_header = _place_in(cells, asked) is not None
            if not is_header and not (asked.startswith("column_") and asked[7:].isdigit()):
                raise self._no_column(asked, cells)
        elif not is_header and not self._sense_of(cells):
            raise UsageError(
                f"the list {self._path} begins with neither an image nor a column of them ({_listed(cells)}): "
                "--column NAME says which it is"
            )
        if not is_header:
            return None
        header: list[str] = []
        for place, cell in enumerate(cells, 1):
            name = _valid(cell.strip())
            header.append(name if name and name not in header else f"column_{place}")
        return header

    def _place_of(self, header: list[str], first: list[str]) -> int:
        """Which column holds the images.

        Args:
            header: the columns' names.
            first: the first line's cells.
        """
        if self._column is not None:
            place = _place_in(header, self._column)
            if place is None:
                raise self._no_column(self._column, header)
            return place
        squeezed = [_squeezed(name) for name in header]
        known = [squeezed.index(name) for name in _KNOWN if name in squeezed]
        cells = dict(enumerate(first))
        candidates = known or list(cells)
        found = (place for place in candidates if self._exists(cells.get(place, "")))
        likely = (place for place in candidates if _is_named_like_a_image(cells.get(place, "")))
        return next(chain(found, likely, candidates), 0)

    def _no_column(self, column: str, cells: list[str]) -> UsageError:
        return UsageError(f"the list {self._path} has no column {column!r}; it has {_listed(cells)}")


def _entry(number: int, cells: list[str], header: list[str], place: int, separator: str) -> Entry:
    if len(header) == 1:  # a separator that nobody quoted, since there is nothing to separate
        return Entry(number, separator.join(cells))
    names = header + [f"column_{n}" for n in range(len(header) + 1, len(cells) + 1)]
    columns = {name: _valid(cells[n]) if n < len(cells) else "" for n, name in enumerate(names) if n != place}
    return Entry(number, cells[place] if place < len(cells) else "", columns)


def _json_entries(lines: IO[str], column: str | None, path: Path) -> Iterator[Entry]:
    key: str | None = None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found = _valid(json.loads(line, parse_constant=str))
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, str):
            yield Entry(number, found)
            continue
        if not isinstance(found, dict):
            if key is None:
                raise UsageError(f"the list {path}: line {number} is no JSON object; each line must be one")
            yield Entry(number, "", fault="is no JSON object")
            continue
        if key is None:
            key = _key_of(found, column, path)
        value = found.get(key)
        name = value.get("path") if isinstance(value, dict) else value
        columns = {other: rest for other, rest in found.items() if other != key}
        yield Entry(number, name if isinstance(name, str) else "", columns or None)


def _valid(value: Any) -> Any:
    """A JSON value that can be written as UTF-8."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return _as_valid_text(value)
    if isinstance(value, dict):
        return {_valid(key): _valid(one) for key, one in value.items()}
    return [_valid(one) for one in value] if isinstance(value, list) else value


def _as_valid_text(text: str) -> str:
    """Text of a list that is not UTF-8: a spreadsheet's, on Windows, or half of a surrogate pair."""
    try:
        return os.fsencode(text).decode("cp1252", "replace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()


def _key_of(found: dict[str, Any], column: str | None, path: Path) -> str:
    keys = list(found)
    place = _place_in(keys, column) if column is not None else None
    if column is not None and place is None:
        raise UsageError(f"the list {path} has no column {column!r}; it has {_listed(keys)}")
    squeezed = [_squeezed(key) for key in keys]
    known = (squeezed.index(name) for name in _KNOWN if name in squeezed)
    place = place if place is not None else next(known, None)
    if place is None:
        raise UsageError(
            f"the list {path} has no column of images ({_listed(keys)}): --column NAME says which it is"
        )
    return keys[place]


def _place_in(names: list[str], column: str) -> int | None:
    """Where a column is, by its name, or else by its name in other letters."""
    for same in (str.strip, _squeezed):
        for place, name in enumerate(names):
            if same(name) == same(column):
                return place
    return None


def _squeezed(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())


_KNOWN = tuple(map(_squeezed, NAME_COLUMNS))


def _is_named_like_a_image(cell: str) -> bool:
    return PurePosixPath(cell.strip()).suffix.lower() in EXTENSIONS


def _listed(names: list[str]) -> str:
    shown = ", ".join(printable(name.strip()) for name in names[:12])
    return shown[:200] + (" ..." if len(names) > 12 or len(shown) > 200 else "")
