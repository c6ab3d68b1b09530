"""Lists of images: names on lines, a table, or JSON lines. `tables` and `json_lines` read their text."""

import csv
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

from eyeful.errors import UsageError, one_line
from eyeful.filenames import read_as_cp1252
from eyeful.sources import cloud, url
from eyeful.sources.base import Search, SourceKind, refused
from eyeful.sources.entries import Entry
from eyeful.sources.folder import is_folder
from eyeful.sources.glob import is_pattern
from eyeful.sources.json_lines import json_entries
from eyeful.sources.tables import SEPARATORS, Table
from eyeful.sources.video import is_video
from eyeful.types import Item

_LINES_OF_JSON = (".jsonl", ".ndjson")
ENDINGS = (*SEPARATORS, *_LINES_OF_JSON)
"""What a list's name ends with."""
_OTHER_TABLES = (".parquet", ".feather", ".arrow", ".xlsx", ".xls", ".ods", ".json", ".yaml", ".yml", ".pkl")
"""Lists that are not read; known to say so."""
_BESIDE_ITS_IMAGES = "metadata"
"""Hugging Face's name of a list whose names are relative to it, wherever one is."""


def _is_listing(path: str | Path) -> bool:
    """Whether a named file is a list of images, by its ending."""
    return Path(path).suffix.lower() in (*ENDINGS, *_OTHER_TABLES) and not is_pattern(path)


def _items(text: str | Path, search: Search, _: Counter[str]) -> Iterator[Item]:
    """One item for every name in the list: as if it had been typed, or relative to the list.

    Raises:
        UsageError: the list itself cannot be read.
    """
    path = Path(text)
    if path.suffix.lower() in _OTHER_TABLES:
        if not path.is_file():
            raise UsageError(f"the list {path} cannot be read: No such file or directory")
        raise UsageError(f"{path}: lists in {path.suffix} are not read; save it as .csv or JSON lines (.jsonl)")
    try:
        yield from _Listing(path, search.column).items()
    except (OSError, csv.Error, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        reason = error.strerror if isinstance(error, OSError) else one_line(error)
        raise UsageError(f"the list {path} cannot be read: {reason}") from error


def item_of_name(name: str) -> Item:
    """The item that a name in a list stands for: a URL, an address in a bucket, or a file."""
    if url.is_url(name):
        return url.item_of_address(name)
    if cloud.is_cloud(name):
        return cloud.item_of_address(name)
    if is_video(name):
        return refused(name, "unsupported_format", "videos are not taken from lists: name it by itself")
    return Item(name, Path(name))


class _Listing:
    """One list, and where its names begin.

    Args:
        path: the list.
        column: the one that holds the images; None: it is found.
    """

    def __init__(self, path: Path, column: str | None) -> None:
        self._path = path
        self._column = column
        beside, as_typed = "" if path.parent == Path() else str(path.parent), ""
        is_metadata = path.stem.lower() == _BESIDE_ITS_IMAGES
        self._folders = (beside, as_typed) if is_metadata else (as_typed, beside)
        self._settled: str | None = None

    def items(self) -> Iterator[Item]:
        """An item for each entry."""
        for entry in self._entries():
            item = self._item(entry)
            yield item if entry.columns is None else replace(item, columns=entry.columns)

    def _entries(self) -> Iterator[Entry]:
        with open_list(self._path) as text:
            if self._path.suffix.lower() in _LINES_OF_JSON:
                yield from json_entries(text, self._column, self._path)
            else:
                yield from Table(text, self._column, self._leads_to_a_file, self._path).entries()

    def _item(self, entry: Entry) -> Item:
        name = entry.name
        if entry.fault is not None or not name.strip():
            fault = entry.fault or "names no image"
            return refused(f"{self._path}:{entry.line}", "not_found", f"line {entry.line} of the list {fault}")
        if _is_address(name.strip()):
            return item_of_name(name.strip())
        found = self._found(name)
        if found is None:
            found = _within(self._usual_folder(), name)
        return item_of_name(found)

    def _found(self, name: str) -> str | None:
        """The file that a name leads to, if there is one."""
        if not name.strip():
            return None
        for spelled in _spellings(name):
            for folder in self._folders:
                if os.path.lexists(path := _within(folder, spelled)):
                    self._settled = folder
                    return path
        return None

    def _leads_to_a_file(self, cell: str) -> bool:
        return _is_address(cell.strip()) or ((found := self._found(cell)) is not None and not is_folder(found))

    def _usual_folder(self) -> str:
        """Where the others are, for a name that leads nowhere: it must be the same after files were deleted."""
        if self._settled is None:
            found = (self._found(entry.name) for entry in self._entries() if not _is_address(entry.name))
            self._settled = "" if next(filter(None, found), None) is None else self._settled
        return self._settled or ""


def open_list(path: Path) -> IO[str]:
    """A list as text; bytes that are not UTF-8 are as in names of files.

    Raises:
        UsageError: it is no regular file, or no text.
        OSError: it cannot be read.
    """
    if path.exists() and not path.is_file():
        raise UsageError(f"the list {path} is no regular file; `-` reads names from standard input")
    with path.open("rb") as file:
        encoding = _encoding_of(file.read(4096), path)
    errors = "surrogateescape" if encoding.startswith("utf-8") else "strict"
    return path.open(encoding=encoding, errors=errors, newline="")


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


def _within(folder: str, name: str) -> str:
    return os.path.join(folder, name)  # noqa: PTH118 - in a row, the name stays as it is written


def _spellings(name: str) -> Iterator[str]:
    """A name as it is written, and as it may be meant where there is no such file."""
    yield name
    if name != name.strip():
        yield name.strip()
    if "\\" in name and os.sep == "/":
        yield name.strip().replace("\\", "/")
    try:
        name.encode()
    except UnicodeEncodeError:  # the list is not UTF-8: perhaps a spreadsheet's, on Windows
        yield read_as_cp1252(name.strip())


def _is_address(name: str) -> bool:
    return url.is_url(name) or cloud.is_cloud(name)


SOURCE = SourceKind(_is_listing, _items, priority=20, heeds=("column",))
