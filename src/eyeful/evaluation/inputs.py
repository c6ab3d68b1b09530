"""What is evaluated: gone through once for the names, and once for each model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eyeful.sources import Source, is_repeatable, open_source
from eyeful.sources.archive import is_archive
from eyeful.sources.glob import is_pattern
from eyeful.sources.listing import ENDINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eyeful.types import Item


class Inputs:
    """Images that can be gone through again. Names on standard input and what is in memory are held for that.

    Args:
        inputs: as `open_source` takes them.
        search: how images are found; more keywords of it.

    Attributes:
        roots: the folders and archives that were named.
        list: the file with a list of images, where nothing else was named; None otherwise.
    """

    def __init__(self, inputs: Any, **search: Any) -> None:
        named = [inputs] if isinstance(inputs, str | os.PathLike) else inputs
        texts = [os.fspath(one) for one in named if isinstance(one, str | os.PathLike)] if _is_list(named) else []
        whole = _is_list(named) and len(texts) == len(named)
        self.roots = [_before_wildcards(str(text)) for text in texts if text != "-" and _holds_folders(text)]
        self.list = texts[0] if whole and len(texts) == 1 and texts[0].lower().endswith(ENDINGS) else None
        self._inputs = inputs
        self._search = search
        self._held: list[Item] | None = None
        if not whole or not all(map(is_repeatable, texts)):
            self._held = list(open_source(inputs, **search).items)

    def open(self) -> Source:
        """All of them, from the first.

        Raises:
            UsageError: as `open_source`.
        """
        if self._held is not None:
            return Source(iter(self._held), single=False)
        return open_source(self._inputs, **self._search)

    def filenames(self) -> Iterator[str]:
        """Their names, as rows have them."""
        return (item.filename for item in self.open().items)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _holds_folders(name: str | bytes) -> bool:
    path = Path(os.fsdecode(name))
    return is_archive(path) or not path.is_file()


def _before_wildcards(name: str) -> str:
    """The folder that a pattern looks through; another name as it is."""
    if not is_pattern(name):
        return name
    parts = name.split("/")
    first = next((place for place, part in enumerate(parts) if is_pattern(part)), len(parts))
    return "/".join(parts[:first])
