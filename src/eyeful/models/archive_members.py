"""The files in an archive, or in a folder as if it were one, read by name; nothing is unpacked unasked."""

from __future__ import annotations

import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING, Self

from eyeful.errors import ModelError, OutputError, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MOST_BYTES, MOST_TEXT = 8 << 30, 16 << 20
"""Bytes of one file of weights, and of all files in a tar archive, which is read through; of one file of text, and
of all headers in a tar archive."""
MOST_MEMBERS, MOST_HEADER = 10_000, 64 << 10
"""Entries of an archive, each of which costs time and memory; bytes of a tar header that follow its block."""
_PIECE = 1 << 20
_BROKEN = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(EOFError, OSError, ValueError, RuntimeError),
)
"""What opening or reading a damaged, cut or encrypted archive raises."""
_TOO_MANY = f"it has more than {MOST_MEMBERS:,} members"


@dataclass(frozen=True, slots=True)
class Member:
    """A regular file in an archive.

    Attributes:
        title: what to call it before people: `net.mar/weights.pth`.
        size: how many bytes it claims to have; reading gives no more.
        open: opens it.
    """

    title: str
    size: int
    open: Callable[[], IO[bytes]]

    def read(self) -> bytes:
        """Its content, where it is a text.

        Raises:
            ModelError: it is larger than `MOST_TEXT`, or cannot be read.
        """
        self._refuse_beyond(MOST_TEXT)
        with self._opened() as file:
            return file.read()

    def beginning(self, size: int) -> bytes:
        """Its first bytes, as many as asked for or all.

        Raises:
            ModelError: it cannot be read.
        """
        with self._opened() as file:
            return file.read(size)

    def copy_to(self, path: Path) -> None:
        """Write its content to a new file.

        Raises:
            ModelError: it is larger than `MOST_BYTES`, or cannot be read.
            OutputError: the copy cannot be written, or is larger than what is free there.
        """
        self._refuse_beyond(MOST_BYTES)
        try:
            free = shutil.disk_usage(path.parent).free
            if self.size > free:
                sizes = f"it has {self.size:,} bytes, {free:,} are free there"
                raise OutputError(f"cannot write {self.title} to {path.parent}: {sizes}")
            with path.open("xb") as copy:
                copy.writelines(self._pieces())
        except OSError as error:  # of the copy: those of reading are a ModelError
            raise OutputError(f"cannot write {self.title} to {path.parent}: {error.strerror}") from error

    def _pieces(self) -> Iterator[bytes]:
        with self._opened() as file:
            yield from iter(partial(file.read, _PIECE), b"")

    def _refuse_beyond(self, most: int) -> None:
        if self.size > most:
            raise ModelError(f"{self.title} is refused: it has {self.size:,} bytes, {most:,} are allowed")

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        try:
            with self.open() as file:
                yield file
        except _BROKEN as error:
            raise ModelError(f"{self.title} cannot be read: {one_line(error)}") from error


@contextmanager
def members_of(path: Path) -> Iterator[dict[str, Member]]:
    """The regular files of an archive by name; no links; of two of one name the last, as when it is unpacked.

    Args:
        path: a zip or tar archive, compressed or not, whatever its name; or a folder, whose files and those one
            folder deeper are listed.

    Raises:
        ModelError: it is missing, or neither.
    """
    if not path.exists():
        raise ModelError(f"there is no archive {path}")
    if path.is_dir():
        files = [one for pattern in ("*", "*/*") for one in path.glob(pattern) if one.is_file()]
        names = {one.relative_to(path).as_posix(): one for one in files if not _is_linked(one, path)}
        yield {name: Member(str(one), one.stat().st_size, partial(_open_file, one)) for name, one in names.items()}
        return
    if not path.is_file():  # a FIFO would be waited for, a device read without end
        raise ModelError(f"{path} is no regular file: name an archive or a folder")
    try:
        is_zip = zipfile.is_zipfile(path)
        archive = zipfile.ZipFile(path) if is_zip else tarfile.open(path, tarinfo=_TarInfo)  # noqa: SIM115
    except _BROKEN as error:
        raise ModelError(f"{path} is neither a zip nor a tar archive, or damaged: fetch it again") from error
    with archive:
        try:
            found = _in_zip(archive) if isinstance(archive, zipfile.ZipFile) else _in_tar(archive)
            members = {name: Member(f"{path}/{name}", size, open_it) for name, size, open_it in found}
        except _BROKEN as error:
            raise ModelError(f"{path} cannot be read to its end: {one_line(error)}") from error
        yield members


def _is_linked(file: Path, folder: Path) -> bool:
    """Whether a file in a folder, or the folder between them, is a symbolic link."""
    return file.is_symlink() or (file.parent != folder and file.parent.is_symlink())


def _open_file(path: Path) -> IO[bytes]:
    return path.open("rb")


def _in_zip(archive: zipfile.ZipFile) -> Iterator[tuple[str, int, Callable[[], IO[bytes]]]]:
    if len(archive.infolist()) > MOST_MEMBERS:
        raise zipfile.BadZipFile(_TOO_MANY)
    for one in archive.infolist():
        if not one.is_dir() and not stat.S_ISLNK(one.external_attr >> 16):
            yield one.filename, one.file_size, partial(archive.open, one)


def _in_tar(archive: tarfile.TarFile) -> Iterator[tuple[str, int, Callable[[], IO[bytes]]]]:
    total = headers = end = 0
    for number, one in enumerate(archive):
        total, headers, end = total + one.size, headers + one.offset_data - end, archive.offset
        if one.size < 0 or total > MOST_BYTES:
            raise tarfile.ReadError(f"its files claim more than {MOST_BYTES:,} bytes, or fewer than none")
        if number >= MOST_MEMBERS:
            raise tarfile.ReadError(_TOO_MANY)
        if headers > MOST_TEXT:
            raise tarfile.ReadError(f"its headers have more than {MOST_TEXT:,} bytes")
        archive.members.clear()  # type: ignore[attr-defined] # tarfile would hold every header, with all it says
        one.pax_headers = {}
        if one.isreg():
            yield one.name, one.size, partial(_open_in_tar, archive, one)


def _open_in_tar(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = archive.extractfile(member)
    assert file is not None  # noqa: S101 - it is regular
    return file


class _TarInfo(tarfile.TarInfo):
    """A header whose size can be: tarfile skips backwards by a negative one, and reads long names at once."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        header = super().frombuf(buf, encoding, errors)
        if not 0 <= header.size <= (MOST_BYTES if header.type in tarfile.REGULAR_TYPES else MOST_HEADER):
            raise tarfile.ReadError(f"a header claims {header.size:,} bytes")
        return header
