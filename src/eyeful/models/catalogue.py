"""The lists of large catalogues, cached: importing the libraries that have them takes seconds."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, NamedTuple

from eyeful.bundle.files import write_atomically
from eyeful.cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_FORMAT = 1
"""Of the file, and of what is listed: another number makes all anew."""


class ListedModel(NamedTuple):
    """One model of a catalogue; `weights` says where they come from, in the catalogue's own way."""

    name: str
    parameters: int | None
    gflops: float | None
    top1: float | None
    weights: str


def listed(library: str, make: Callable[[], list[ListedModel]]) -> list[ListedModel]:
    """A library's list, as it was when this version of it was first asked.

    A library that is imported already is asked itself: a program may have registered models of its own.

    Args:
        library: its package and module.
        make: asks it.
    """
    if library in sys.modules:
        return make()
    try:
        path = cache_folder() / "catalogues" / f"{library}-{version(library)}-{_FORMAT}.json"
    except PackageNotFoundError:  # a module without an installed package
        return make()
    found = _read(path)
    if found is None:
        found = make()
        with suppress(OSError):  # it was only to be faster next time
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, json.dumps(found))
    return found


def _read(path: Path) -> list[ListedModel] | None:
    """What a file holds; None where there is none, or it is damaged."""
    try:
        found = [ListedModel(*row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return found if found and all(map(_is_sound, found)) else None


def _is_sound(model: ListedModel) -> bool:
    texts = (model.name, model.weights)
    numbers = (model.parameters, model.gflops, model.top1)
    return all(isinstance(one, str) for one in texts) and all(
        one is None or (type(one) in (int, float) and 0 <= one <= sys.float_info.max) for one in numbers
    )
