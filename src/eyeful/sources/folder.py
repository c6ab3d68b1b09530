"""Folders: images in a tree, recursively, in sorted order, other files counted."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from eyeful.signature import begins_like_an_image
from eyeful.sources.base import Search, SourceKind, refused
from eyeful.sources.system_files import SYSTEM_FILE, is_system_file, is_system_folder, needs_head
from eyeful.types import Item

EXTENSIONS = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib"),
        *(".tif", ".tiff", ".avif", ".avifs", ".jp2", ".j2k", ".jpx", ".jpc", ".jpf"),
        *(".ppm", ".pgm", ".pbm", ".pnm", ".heic", ".heif", ".hif"),
    )
)
"""What a file in a folder must end with to be an input (in any case of letters)."""

LINK = "link to a folder"
"""How links to folders are counted that are not followed: what they lead to is searched already."""
_BROKEN_LINK = "broken link"


def is_folder(path: str | Path) -> bool:
    """Whether a path is a folder that can be told to be one."""
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False


def items(
    text: str | Path, search: Search, ignored: Counter[str], exclude: frozenset[Path] = frozenset()
) -> Iterator[Item]:
    """A folder's images, depth first, each level sorted by name.

    Links to folders are followed, but for those that lead to what is searched anyhow, or back to where they are.

    Args:
        text: the folder.
        search: whether to look in folders of folders.
        ignored: counts the other files by extension as they are met.
        exclude: files in it that are inputs by themselves; left out.
    """
    return _FolderSearch(Path(text), search.recursive, ignored, exclude).items()


class _FolderSearch:
    """One search, and where it has been.

    Args:
        folder: where it begins.
        recursive: look in folders of folders.
        ignored: counts other files.
        exclude: files that are left out.
    """

    def __init__(self, folder: Path, recursive: bool, ignored: Counter[str], exclude: frozenset[Path]) -> None:
        self._folder = folder
        self._recursive = recursive
        self._ignored = ignored
        self._exclude = exclude
        self._searched = {Path(os.path.realpath(folder))}
        self._way = list(self._searched)  # the folder, and the targets of the links that led to the present place

    def items(self) -> Iterator[Item]:
        """Every image."""
        return self._below(self._folder)

    def _below(self, folder: Path) -> Iterator[Item]:
        try:
            with os.scandir(folder) as found:
                entries = sorted(
                    (entry.name, entry.is_dir(follow_symlinks=False), entry.is_symlink()) for entry in found
                )
        except OSError as error:
            yield refused(str(folder), "unreadable", f"the folder cannot be read: {error.strerror}")
            return
        for name, is_dir, is_link in entries:
            path = folder / name
            if is_dir or (is_link and is_folder(path)):
                if self._recursive:
                    yield from self._in_folder(path, is_link=is_link)
            elif path not in self._exclude:
                yield from self._in_file(path, is_link=is_link)

    def _in_folder(self, path: Path, *, is_link: bool) -> Iterator[Item]:
        if is_system_folder(path.name):
            self._ignored[SYSTEM_FILE] += sum(len(files) for _, _, files in os.walk(path))
        elif not is_link and len(self._way) == 1:
            yield from self._below(path)
        elif self._is_searched(real := Path(os.path.realpath(path)), is_link=is_link):
            self._ignored[LINK] += 1
        elif not is_link:
            yield from self._below(path)
        else:
            self._searched.add(real)
            self._way.append(real)
            yield from self._below(path)
            self._way.pop()

    def _is_searched(self, real: Path, *, is_link: bool) -> bool:
        """Whether a folder behind a link would give images once more, or lead in a circle."""
        if not is_link:
            return real in self._searched
        around = {real, *real.parents}
        return not around.isdisjoint(self._searched) or any(real in place.parents for place in self._way)

    def _in_file(self, path: Path, *, is_link: bool) -> Iterator[Item]:
        if is_system_file(path.name, first_bytes(path) if needs_head(path.name) else None):
            self._ignored[SYSTEM_FILE] += 1
        elif looks_like_an_image(path):
            yield Item(str(path), path)
        elif is_link and not path.exists():
            self._ignored[_BROKEN_LINK] += 1
        else:
            self._ignored[path.suffix.lower() or "no extension"] += 1


def looks_like_an_image(path: Path) -> bool:
    """A known extension, or none and the first bytes of an image."""
    suffix = path.suffix.lower()
    if suffix or not path.is_file():
        return suffix in EXTENSIONS
    return begins_like_an_image(first_bytes(path))


def first_bytes(path: Path) -> bytes:
    """What a regular file begins with; nothing where it cannot be read, or is no such file."""
    with suppress(OSError, ValueError):
        if path.is_file():
            with path.open("rb") as file:
                return file.read(16)
    return b""


SOURCE = SourceKind(is_folder, items, priority=40)
