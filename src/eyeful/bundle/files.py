"""Files that are whole or not there, whoever else writes them: hashing, atomic writes, locks."""

import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from eyeful.errors import EyefulError, OutputError

_T = TypeVar("_T")

_RENAMES, _PAUSE = 50, 0.02
"""Attempts to rename a file onto one that is being read, and seconds between two of them."""


def sha256_of(path: Path) -> str:
    """The sha256 of a file's content, as 64 hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_or(error: type[EyefulError], what: str, path: Path) -> str:
    """The sha256 of a file that is a user's or a library's.

    Args:
        error: what to raise if it cannot be read.
        what: how to call it then: "the checkpoint".
        path: the file.
    """
    try:
        return sha256_of(path)
    except OSError as reason:
        raise error(f"{what} {path} cannot be read: {reason.strerror}") from reason


def temporary_beside(path: Path) -> Path:
    """A hidden name beside a path that no other thread, process or host will choose."""
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")


def replace_file(new: Path, path: Path) -> None:
    """Rename a file onto another. Windows refuses that while somebody reads the other: it is tried for a second.

    Raises:
        OSError: it cannot be renamed.
    """
    for _ in range(_RENAMES):
        try:
            new.replace(path)
        except PermissionError:
            time.sleep(_PAUSE)
        else:
            return
    new.replace(path)


def sync(path: Path) -> None:
    """See that what a library wrote is on the disk; Windows does so only for those who may write.

    Raises:
        OSError: it is not.
    """
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def write_atomically(path: Path, text: str) -> None:
    """Write a small text file so that a reader sees the old content or the new, never a part.

    Of several writers at once, the last one's content stays.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    temporary = temporary_beside(path)
    try:
        with temporary.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        replace_file(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def check_writable(path: Path) -> None:
    """Make an output's folder, and fail now if the output could not be written at the end.

    Raises:
        OutputError: it cannot.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        probe = temporary_beside(path)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error


def write_output(path: Path, text: str) -> None:
    """Write an output whole, or leave what was there.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        write_atomically(path, text)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error


@contextmanager
def locked(path: Path, timeout: float = -1.0) -> Iterator[None]:
    """Hold a lock file for the duration of a block; every thread, process and host that names it takes turns.

    The system lets go of it when its holder dies. The file is removed at the end.

    Args:
        path: the lock file; its folder must exist.
        timeout: seconds to wait for another holder; without end when negative.

    Raises:
        filelock.Timeout: another one holds it.
        OSError: it cannot be made there.
    """
    lock = FileLock(path, timeout)
    lock.acquire()
    try:
        yield
    finally:
        with suppress(OSError):  # removed while it is held: whoever waits for it notices, and makes it anew
            path.unlink()
        lock.release()


def read_json(path: Path, read: Callable[[Any], _T]) -> _T | None:
    """What a small JSON file of the cache says; None where there is none, or it is damaged.

    Args:
        path: the file.
        read: makes a value of what is in it, or raises an ordinary error where it cannot.
    """
    try:
        return read(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def recorded(path: Path, read: Callable[[Any], _T], make: Callable[[], Any], timeout: float = -1.0) -> _T:
    """The same, made by one thread and process at a time where there is none.

    Args:
        path: the file.
        read: as of `read_json`.
        make: gives what shall be in it, plain JSON values.
        timeout: seconds to wait for another that makes it; without end when negative.

    Raises:
        filelock.Timeout: another one makes it for longer.
        OSError: nothing can be written there; `make` is not called, unless the disk is full.
    """
    if (found := read_json(path, read)) is not None:
        return found
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path.with_name(f".{path.stem}.lock"), timeout):
        if (found := read_json(path, read)) is not None:
            return found
        values = make()
        write_atomically(path, json.dumps(values, indent=1) + "\n")
        return read(values)


def is_locked(path: Path) -> bool:
    """Whether another holds a lock at this moment."""
    try:
        with locked(path, timeout=0):
            return False
    except (Timeout, OSError):
        return True
