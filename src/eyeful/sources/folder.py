"""Folders and globs: images in a tree, recursively, in sorted order, other files counted."""

import glob
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from eyeful.signature import begins_like_a_image
from eyeful.sources.refused import refused
from eyeful.types import Item

EXTENSIONS = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib"),
        *(".tif", ".tiff", ".avif", ".avifs", ".jp2", ".j2k", ".jpx", ".jpc", ".jpf"),
        *(".ppm", ".pgm", ".pbm", ".pnm", ".heic", ".heif", ".hif"),
    )
)
"""What a file in a folder must end with to be an input (in any case of letters)."""


def is_folder(path: Path) -> bool:
    """Whether a path is a folder that can be told to be one."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def is_glob(path: Path) -> bool:
    """Whether a path is a pattern: it has a wildcard and no file has that very name."""
    return glob.has_magic(str(path)) and not os.path.lexists(path)


def items(folder: Path, *, recursive: bool, ignored: Counter[str]) -> Iterator[Item]:
    """A folder's images, depth first, each level sorted by name; links to folders are not followed.

    Args:
        folder: where to look.
        recursive: look in folders of folders.
        ignored: counts the other files by extension as they are met.
    """
    try:
        with os.scandir(folder) as found:
            entries = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in found)
    except OSError as error:
        yield refused(str(folder), "unreadable", f"the folder cannot be read: {error.strerror}")
        return
    for name, is_dir in entries:
        path = folder / name
        if is_dir:
            if recursive:
                yield from items(path, recursive=True, ignored=ignored)
        elif looks_like_a_image(path):
            yield Item(str(path), path)
        elif not is_folder(path):
            ignored[path.suffix.lower() or "no extension"] += 1


def glob_items(pattern: Path) -> Iterator[Item]:
    """The files that a pattern names, sorted; the pattern itself, as a missing file, when it names none."""
    fixed = next(place for place, part in enumerate(pattern.parts) if glob.has_magic(part))
    base, rest = Path(*pattern.parts[:fixed]), str(Path(*pattern.parts[fixed:]))
    paths = sorted(path for path in base.glob(rest) if not is_folder(path))
    for path in paths or [pattern]:
        yield Item(str(path), path)


def looks_like_a_image(path: Path) -> bool:
    """A known extension, or none and the first bytes of an image."""
    suffix = path.suffix.lower()
    if suffix or not path.is_file():
        return suffix in EXTENSIONS
    try:
        with path.open("rb") as file:
            return begins_like_a_image(file.read(16))
    except OSError:
        return False
