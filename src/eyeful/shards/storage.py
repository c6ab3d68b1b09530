"""Where parts are: a folder that every process sees, or a prefix in a bucket. A file is there whole or not."""

from __future__ import annotations

import errno
import os
from abc import ABC, abstractmethod
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from eyeful.bundle.files import replace_file, temporary_beside
from eyeful.errors import MissingExtraError, OutputError, UsageError, one_line
from eyeful.sources.cloud import filesystem_of, is_cloud
from eyeful.sources.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TIMEOUT = 120.0
"""Seconds for one call of a bucket's library, its own retries among them."""
_LISTING = 600.0
"""Seconds for listing the parts; of a million, a thousand answers of a bucket."""


class Storage(ABC):
    """A place for small files.

    Args:
        place: what `-o` names.

    Attributes:
        place: the same.
    """

    def __init__(self, place: str) -> None:
        self.place = place

    @abstractmethod
    def names(self) -> list[str]:
        """The names of the files that are there, in no order; none where the place does not exist.

        Raises:
            OutputError: they cannot be listed.
        """

    @abstractmethod
    def read(self, name: str) -> bytes | None:
        """A file's content; None where there is no such file.

        Raises:
            OutputError: it cannot be read.
        """

    @abstractmethod
    def read_end(self, name: str, size: int) -> bytes | None:
        """The last so many bytes of a file; None where there is no such file.

        Raises:
            OutputError: it cannot be read.
        """

    @abstractmethod
    def write(self, name: str, content: bytes) -> None:
        """Write a file, in place of one that is there.

        Raises:
            OutputError: it cannot be written; nothing is left of it.
        """

    @abstractmethod
    def create(self, name: str, content: bytes) -> bool:
        """Write a file unless it is there; of several at once, one does.

        Returns:
            Whether it was this call that did.

        Raises:
            OutputError: it cannot be written.
        """

    @abstractmethod
    def remove(self, name: str) -> None:
        """Delete a file, if it is there.

        Raises:
            OutputError: it cannot be deleted.
        """


def open_storage(place: str, timeout: float | None = None) -> Storage:
    """The storage that a name stands for: `s3://...` and its like are buckets, all else is a folder.

    Args:
        place: the name.
        timeout: seconds for one call of a bucket's library; two minutes by default, and ten for listing.

    Raises:
        UsageError: nothing is known of such a bucket, or files do not appear whole there.
        MissingExtraError: its library is not installed.
    """
    return _Bucket(place, timeout) if is_cloud(place) else _Folder(place)


class _Folder(Storage):
    def __init__(self, place: str) -> None:
        super().__init__(place)
        self._path = Path(place)

    def names(self) -> list[str]:
        try:
            return os.listdir(self._path)  # noqa: PTH208 - names, and many of them
        except FileNotFoundError:
            return []
        except OSError as error:
            raise OutputError(f"cannot list {self.place}: {error.strerror}") from error

    def read(self, name: str) -> bytes | None:
        return self._read(name, lambda _: 0)

    def read_end(self, name: str, size: int) -> bytes | None:
        return self._read(name, lambda file: max(file.seek(0, os.SEEK_END) - size, 0))

    def _read(self, name: str, begin: Callable[[BinaryIO], int]) -> bytes | None:
        try:
            with (self._path / name).open("rb") as file:
                file.seek(begin(file))
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise OutputError(f"cannot read {self._path / name}: {error.strerror}") from error

    def write(self, name: str, content: bytes) -> None:
        self._put(name, content, _renamed)

    def create(self, name: str, content: bytes) -> bool:
        return self._put(name, content, _linked)

    def remove(self, name: str) -> None:
        try:
            (self._path / name).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"cannot delete {self._path / name}: {error.strerror}") from error

    def _put(self, name: str, content: bytes, publish: Callable[[Path, Path], bool]) -> bool:
        path = self._path / name
        temporary = temporary_beside(path)
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            return publish(temporary, path)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}") from error
        finally:
            with suppress(OSError):
                temporary.unlink()


def _renamed(temporary: Path, path: Path) -> bool:
    replace_file(temporary, path)
    return True


def _linked(temporary: Path, path: Path) -> bool:
    """Fails where there is one, on network file systems too."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _created(path, temporary.read_bytes())
    return True


def _created(path: Path, content: bytes) -> bool:
    """The same where there are no hard links; a reader at this very moment may see a part of it."""
    try:
        with path.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        return False
    return True


_NO_LINKS = {errno.EPERM, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


_IN_PLACE = {"file", "local", "ftp", "sftp", "ssh", "smb", "hdfs", "webhdfs", "arrow_hdfs", "nfs"}
"""Schemes of file systems rather than buckets: a reader sees what has been written of a file so far."""


class _Bucket(Storage):
    """A prefix in a bucket, where one PUT is one file.

    Once a call has had no answer, all that follow fail at once: a run that ends must not wait for each.
    """

    def __init__(self, place: str, timeout: float | None) -> None:
        super().__init__(place)
        scheme = place.partition("://")[0].lower()
        if scheme in _IN_PLACE:
            raise UsageError(
                f"{scheme}:// is no bucket: files that are being written can be seen there; mount it, and name a "
                "folder"
            )
        self._filesystem, self._prefix = filesystem_of(place.rstrip("/"))
        self._timeout, self._listing = timeout or _TIMEOUT, timeout or _LISTING
        self._is_silent = False

    def names(self) -> list[str]:
        with self._told("list", ""):
            try:
                found = self._call(self._list, seconds=self._listing)
            except FileNotFoundError:
                return []
            return [str(path).rpartition("/")[2] for path in found]

    def _list(self) -> list[str]:
        self._filesystem.invalidate_cache(self._prefix)
        found: list[str] = self._filesystem.ls(self._prefix, detail=False)
        self._filesystem.invalidate_cache(self._prefix)  # which would keep it
        return found

    def read(self, name: str) -> bytes | None:
        return self._read(name, None)

    def read_end(self, name: str, size: int) -> bytes | None:
        return self._read(name, -size)

    def _read(self, name: str, start: int | None) -> bytes | None:
        with self._told("read", name):
            try:
                content: bytes = self._call(self._filesystem.cat_file, self._path(name), start=start)
            except FileNotFoundError:
                return None
            return content

    def write(self, name: str, content: bytes) -> None:
        with self._told("write", name):
            self._call(self._filesystem.pipe_file, self._path(name), content)

    def create(self, name: str, content: bytes) -> bool:
        with self._told("write", name):
            try:
                self._call(self._filesystem.pipe_file, self._path(name), content, mode="create")
            except FileExistsError:
                return False
            except OSError as error:
                if "PreconditionFailed" in f"{error} {error.__cause__}":  # S3's answer to If-None-Match
                    return False
                raise
            return True

    def remove(self, name: str) -> None:
        with self._told("delete", name):
            try:
                self._call(self._filesystem.rm_file, self._path(name))
            except FileNotFoundError:
                return

    def _path(self, name: str) -> str:
        return f"{self._prefix}/{name}"

    def _call(self, step: Callable[..., Any], *args: Any, seconds: float | None = None, **kwargs: Any) -> Any:
        if self._is_silent:
            raise TimeoutError
        try:
            return Deadline(seconds or self._timeout).call(step, *args, **kwargs)
        except TimeoutError:
            self._is_silent = True
            raise

    @contextmanager
    def _told(self, what: str, name: str) -> Iterator[None]:
        """Whatever a bucket's library raises, as one line."""
        at = f"{what} {name} in {self.place}" if name else f"{what} {self.place}"
        try:
            yield
        except (UsageError, MissingExtraError):
            raise
        except TimeoutError as error:
            raise OutputError(f"cannot {at}: the bucket does not answer") from error
        except Exception as error:
            raise OutputError(f"cannot {at}: {one_line(error)}") from error
