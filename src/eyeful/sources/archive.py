"""Archives: `.tar`, compressed tars and `.zip`, WebDataset shards among them, streamed without unpacking.

A member's identity is `archive.tar/path/in/archive.jpg`. Nothing is ever written to disk, so a member called
`../../etc/passwd` is just a name. Members of zips and plain tars are read by decode workers; a compressed tar can
only be read in order, so its members are read as they are met.
"""

import io
import lzma
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import IO, Self

from eyeful.errors import ErrorKind, ImageError, one_line
from eyeful.sources.base import Search, Sized, SourceKind, refused
from eyeful.sources.folder import EXTENSIONS
from eyeful.sources.glob import is_pattern
from eyeful.sources.system_files import SYSTEM_FILE, in_system_folder, is_system_file, needs_head
from eyeful.types import Item

MAX_MEMBER = 256 << 20
"""Bytes of one member when unpacked."""

MAX_STREAMED = 64 << 20
"""Bytes of one member of a compressed tar: it is in memory from when it is met until it is decoded."""

_HEAD = 512
_USTAR = slice(257, 262)
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")
"""What compressed files begin with: gzip, bzip2, xz."""
_LARGEST = 1 << 44
"""Bytes that no member of an archive has."""

_TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_OTHERS = (".7z", ".rar", ".tar.zst", ".tzst", ".tar.lz4", ".tar.z")
"""Archives that are not opened; known to say so."""
_BROKEN = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(EOFError, OSError, ValueError, RuntimeError),
)
"""What reading a damaged, truncated or encrypted archive raises."""


def is_archive(path: str | Path) -> bool:
    """Whether a named file is an archive, by its ending."""
    name = Path(path).name.lower()
    return name.endswith((*_TARS, ".zip", *_OTHERS)) and not is_pattern(path)


def items(text: str | Path, _: Search, ignored: Counter[str]) -> Iterator[Item]:
    """An archive's images in its own order; where it breaks off, an error row of its own says so.

    Args:
        text: the archive's path.
        ignored: counts the other members by extension as they are met; those that a system left there apart.
    """
    path = Path(text)
    if path.name.lower().endswith(_OTHERS) and path.exists():
        reason = f"archives of the kind {path.suffix} are not opened: unpack it, or pack it as .zip or .tar"
        yield refused(str(path), "unsupported_format", reason)
        return
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
        yield from _zip_items(path, ignored) if _is_zip(path, head) else _tar_items(path, head, ignored)
    except FileNotFoundError:
        yield refused(str(path), "not_found", "no such file")
    except _BROKEN as error:
        kind: ErrorKind = "unreadable" if isinstance(error, PermissionError | IsADirectoryError) else "truncated"
        reason = one_line(error)
        yield refused(str(path), kind, f"the archive cannot be read to its end: {reason}")


def _is_zip(path: Path, head: bytes) -> bool:
    """By its content, where that tells: people give archives the endings of others."""
    if head.startswith(b"PK"):
        return True
    is_tar = head[_USTAR] == b"ustar" or head.startswith(_COMPRESSED)
    return path.name.lower().endswith(".zip") and not is_tar


def _tar_items(path: Path, head: bytes, ignored: Counter[str]) -> Iterator[Item]:
    plain = not head.startswith(_COMPRESSED)
    with tarfile.open(path, "r:" if plain else "r|*", tarinfo=_Member) as archive:
        for member in archive:
            archive.members = []  # type: ignore[attr-defined] # else the list grows with the archive
            name = f"{path}/{member.name}"
            if member.isdir():
                continue
            file = archive.extractfile(member) if member.isreg() else None
            if _is_left_by_system(member.name, partial(_head_of, file)):
                ignored[SYSTEM_FILE] += 1
            elif member.islnk() and _looks_like_an_image(member.name):
                yield refused(name, "not_regular", f"a link in an archive, to {member.linkname}")
            elif file is None or not _looks_like_an_image(member.name):
                ignored[_extension(member.name)] += 1
            elif member.size > (limit := MAX_MEMBER if plain else MAX_STREAMED):
                yield refused(name, "too_large", f"{member.size >> 20} MB; the limit is {limit >> 20} MB")
            elif plain:
                yield Item(name, Sized(member.size, partial(_read_at, path, member.offset_data, member.size)))
            else:
                yield Item(name, _Once(file.read()))


class _Once:
    """A member's bytes, given once and then let go: rows on their way out must not hold them."""

    def __init__(self, content: bytes) -> None:
        self._content: bytes | None = content

    def __call__(self) -> bytes:
        if self._content is None:
            raise ImageError("unreadable", "a compressed archive can be read only once")
        content, self._content = self._content, None
        return content


class _Member(tarfile.TarInfo):
    """A member whose header must be whole. tarfile takes a cut or broken one, but for the first, for the end."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            member = super().fromtarfile(archive)
            if not 0 <= member.size < _LARGEST:  # tarfile would look for its end for ever
                raise tarfile.ReadError(f"it is damaged: a member claims {member.size} bytes")
            return member
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
        raise ImageError("unreadable", f"cannot be read: {error.strerror}") from error
    if len(content) < size:
        raise ImageError("truncated", "the archive ends in the middle of this member")
    return content


def _zip_items(path: Path, ignored: Counter[str]) -> Iterator[Item]:
    as_given = path
    status = path.stat()
    path, stamp = path.resolve(), (status.st_mtime_ns, status.st_size, status.st_ino)
    for place, member in enumerate(_opened(path, stamp).infolist()):
        name = f"{as_given}/{member.filename}"
        if member.is_dir():
            continue
        if _is_left_by_system(member.filename, partial(_head_of_zipped, path, stamp, place)):
            ignored[SYSTEM_FILE] += 1
        elif not _looks_like_an_image(member.filename):
            ignored[_extension(member.filename)] += 1
        else:
            size = min(member.file_size, MAX_MEMBER + 1)  # zipfile reads no more than is claimed
            yield Item(name, Sized(size, partial(_read_zip, path, stamp, place)))


@lru_cache(maxsize=4)
def _opened(path: Path, stamp: tuple[int, ...]) -> zipfile.ZipFile:
    """A zip and its directory, held open: reading the directory for every member would be quadratic.

    Args:
        path: absolute.
        stamp: tells one content of that file from another.
    """
    del stamp
    return zipfile.ZipFile(path)


def _read_zip(path: Path, stamp: tuple[int, ...], place: int) -> bytes:
    try:
        archive = _opened(path, stamp)
        with archive.open(archive.infolist()[place]) as file:
            return _bounded(file)
    except ImageError:
        raise
    except _BROKEN as error:
        raise ImageError("unreadable", f"the archive's member cannot be read: {error}") from error


def _bounded(file: IO[bytes]) -> bytes:
    content = file.read(MAX_MEMBER + 1)
    if len(content) > MAX_MEMBER:
        raise ImageError("too_large", f"more than {MAX_MEMBER >> 20} MB in an archive")
    return content


def _is_left_by_system(name: str, read_head: Callable[[], bytes]) -> bool:
    parts = PurePosixPath(name).parts
    last = parts[-1] if parts else ""
    return in_system_folder(parts) or is_system_file(last, read_head() if needs_head(last) else None)


def _head_of(file: IO[bytes] | None) -> bytes:
    """A member's first bytes, which can still be read: a compressed archive cannot go back."""
    return file.peek(16)[:16] if isinstance(file, io.BufferedReader) else b""


def _head_of_zipped(path: Path, stamp: tuple[int, ...], place: int) -> bytes:
    archive = _opened(path, stamp)
    try:
        with archive.open(archive.infolist()[place]) as file:
            return file.read(16)
    except _BROKEN:  # encrypted, or damaged: so it is no image
        return b""


def _looks_like_an_image(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in EXTENSIONS


def _extension(name: str) -> str:
    return PurePosixPath(name).suffix.lower() or "no extension"


SOURCE = SourceKind(is_archive, items, priority=30, countable=False, divisible=False)
