"""Archives: `.tar`, compressed tars and `.zip`, WebDataset shards among them, streamed without unpacking.

A member's identity is `archive.tar/path/in/archive.jpg`. Nothing is ever written to disk, so a member called
`../../etc/passwd` is just a name. Members of zips and plain tars are read by decode workers; a compressed tar can
only be read in order, so its members are read as they are met.
"""

import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import IO, Self

from eyeful.errors import ErrorKind, PictureError
from eyeful.sources.folder import EXTENSIONS
from eyeful.sources.refused import refused
from eyeful.types import Item

MAX_MEMBER = 256 << 20
"""Bytes of one member when unpacked."""

_TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError)
"""What reading a damaged, truncated or encrypted archive raises."""


def is_archive(path: Path) -> bool:
    """Whether a named file is an archive, by its ending."""
    name = path.name.lower()
    return name.endswith((*_TARS, ".zip"))


def items(path: Path, ignored: Counter[str]) -> Iterator[Item]:
    """An archive's pictures in its own order; where it breaks off, an error row of its own says so.

    Args:
        path: the archive.
        ignored: counts the other members by extension as they are met.
    """
    try:
        yield from _zip_items(path, ignored) if path.name.lower().endswith(".zip") else _tar_items(path, ignored)
    except FileNotFoundError:
        yield refused(str(path), "not_found", "no such file")
    except _BROKEN as error:
        kind: ErrorKind = "unreadable" if isinstance(error, PermissionError | IsADirectoryError) else "truncated"
        reason = " ".join(str(error).split())[:200]
        yield refused(str(path), kind, f"the archive cannot be read to its end: {reason}")


def _tar_items(path: Path, ignored: Counter[str]) -> Iterator[Item]:
    plain = path.name.lower().endswith(".tar")
    with tarfile.open(path, "r:" if plain else "r|*", tarinfo=_Member) as archive:
        for member in archive:
            archive.members = []  # type: ignore[attr-defined] # else the list grows with the archive
            name = f"{path}/{member.name}"
            if member.isdir():
                continue
            if not member.isreg() or not _looks_like_a_picture(member.name):
                ignored[_extension(member.name)] += 1
            elif member.size > MAX_MEMBER:
                yield refused(name, "too_large", f"{member.size >> 20} MB; the limit is {MAX_MEMBER >> 20} MB")
            elif plain:
                yield Item(name, partial(_read_at, path, member.offset_data, member.size))
            else:
                file = archive.extractfile(member)
                yield Item(name, file.read() if file is not None else b"")


class _Member(tarfile.TarInfo):
    """A member whose header must be whole. tarfile takes a cut or broken one, but for the first, for the end."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined] # the end mark
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(f"it is damaged or cut off ({error})") from error


def _read_at(path: Path, offset: int, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            content = file.read(size)
    except OSError as error:
        raise PictureError("unreadable", f"cannot be read: {error.strerror}") from error
    if len(content) < size:
        raise PictureError("truncated", "the archive ends in the middle of this member")
    return content


def _zip_items(path: Path, ignored: Counter[str]) -> Iterator[Item]:
    for place, member in enumerate(_opened(path).infolist()):
        name = f"{path}/{member.filename}"
        if member.is_dir():
            continue
        if not _looks_like_a_picture(member.filename):
            ignored[_extension(member.filename)] += 1
        else:
            yield Item(name, partial(_read_zip, path, place))


@lru_cache(maxsize=4)
def _opened(path: Path) -> zipfile.ZipFile:
    """A zip and its directory, kept open: reading the directory for every member would be quadratic."""
    return zipfile.ZipFile(path)


def _read_zip(path: Path, place: int) -> bytes:
    try:
        archive = _opened(path)
        with archive.open(archive.infolist()[place]) as file:
            return _bounded(file)
    except PictureError:
        raise
    except _BROKEN as error:
        raise PictureError("unreadable", f"the archive's member cannot be read: {error}") from error


def _bounded(file: IO[bytes]) -> bytes:
    content = file.read(MAX_MEMBER + 1)
    if len(content) > MAX_MEMBER:
        raise PictureError("too_large", f"more than {MAX_MEMBER >> 20} MB in an archive")
    return content


def _looks_like_a_picture(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in EXTENSIONS


def _extension(name: str) -> str:
    return PurePosixPath(name).suffix.lower() or "no extension"
