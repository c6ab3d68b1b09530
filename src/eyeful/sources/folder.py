"""Folders: images in a tree, recursively, in sorted order, other files counted."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from eyeful.signature import begins_like_a_image
from eyeful.sources.base import SourceKind, refused
from eyeful.types import Item

EXTENSIONS = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib"),
        *(".tif", ".tiff", ".avif", ".avifs", ".jp2", ".j2k", ".jpx", ".jpc", ".jpf"),
        *(".ppm", ".pgm", ".pbm", ".pnm", ".heic", ".heif", ".hif"),
    )
)
"""What a file in a folder must end with to be an input (in any case of letters)."""


def is_folder(path: str | Path) -> bool:
    """Whether a path is a folder that can be told to be one."""
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False


def items(text: str | Path, *, recursive: bool, ignored: Counter[str]) -> Iterator[Item]:
    """A folder's images, depth first, each level sorted by name; links to folders are not followed.

    Args:
        text: the folder.
        recursive: look in folders of folders.
        ignored: counts the other files by extension as they are met.
    """
    folder = Path(text)
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


SOURCE = SourceKind(is_folder, items, priority=40)
