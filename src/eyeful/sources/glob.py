"""Globs: the files that a pattern names, sorted."""

import glob
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from eyeful.sources.base import SourceKind
from eyeful.sources.folder import is_folder
from eyeful.types import Item


def _is_glob(text: str | Path) -> bool:
    """Whether it has a wildcard and no file has that very name."""
    return glob.has_magic(str(text)) and not os.path.lexists(text)


def _items(text: str | Path, *, recursive: bool, ignored: Counter[str]) -> Iterator[Item]:
    """The pattern itself, as a missing file, when it names none."""
    del recursive, ignored
    pattern = Path(text)
    fixed = next(place for place, part in enumerate(pattern.parts) if glob.has_magic(part))
    base, rest = Path(*pattern.parts[:fixed]), str(Path(*pattern.parts[fixed:]))
    paths = sorted(path for path in base.glob(rest) if not is_folder(path))
    for path in paths or [pattern]:
        yield Item(str(path), path)


SOURCE = SourceKind(_is_glob, _items, priority=10)
