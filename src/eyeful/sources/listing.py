"""Lists of images: `.txt` with a path or URL on each line, `.csv` with a column of them."""

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from eyeful.errors import UsageError
from eyeful.sources import cloud, url
from eyeful.sources.base import SourceKind
from eyeful.types import Item

_COLUMNS = ("filename", "file", "path", "image", "url")


def _is_listing(path: str | Path) -> bool:
    """Whether a named file is a list of images, by its ending."""
    return Path(path).suffix.lower() in (".txt", ".csv")


def _items(text: str | Path, *, recursive: bool, ignored: Counter[str]) -> Iterator[Item]:
    """One item for every name in the list, as if it had been typed: relative to the working directory.

    A CSV's column is the first one called filename, file, path, image or url, else its first column.

    Raises:
        UsageError: the list itself cannot be read.
    """
    del recursive, ignored
    path = Path(text)
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            names = _csv_names(file) if path.suffix.lower() == ".csv" else (line.rstrip("\r\n") for line in file)
            for name in names:
                if name.strip():
                    yield named(name)
    except (OSError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"the list {path} cannot be read: {reason}") from error


def named(name: str) -> Item:
    """The item that a name in a list stands for: a URL, an address in a bucket, or a file."""
    if url.is_url(name):
        return url.item(name)
    return cloud.named(name) if cloud.is_cloud(name) else Item(name, Path(name))


def _csv_names(lines: Iterator[str]) -> Iterator[str]:
    rows = csv.reader(lines)
    header = [cell.strip().lower() for cell in next(rows, [])]
    column = next((header.index(name) for name in _COLUMNS if name in header), 0)
    return (row[column] for row in rows if len(row) > column)


SOURCE = SourceKind(_is_listing, _items, priority=20)
