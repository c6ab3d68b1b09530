"""Lists of JSON lines: on each a name, or an object that has one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from eyeful.errors import UsageError
from eyeful.sources.entries import Entry, listed, no_column, place_in, places_of_images, valid


def json_entries(lines: IO[str], column: str | None, path: Path) -> Iterator[Entry]:
    """What such a list names, line by line.

    Args:
        lines: its text.
        column: the key that holds the images; None: it is found by its name in the first object.
        path: for errors.

    Raises:
        UsageError: the first line is no JSON, or there is no such key.
    """
    key: str | None = None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found = valid(json.loads(line, parse_constant=str))
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


def _key_of(found: dict[str, Any], column: str | None, path: Path) -> str:
    keys = list(found)
    if column is not None:
        place = place_in(keys, column)
        if place is None:
            raise no_column(path, column, keys)
        return keys[place]
    places = places_of_images(keys)
    if not places:
        raise UsageError(
            f"the list {path} has no column of images ({listed(keys)}): "
            "--column NAME (in Python column=NAME) says which it is"
        )
    return keys[places[0]]
