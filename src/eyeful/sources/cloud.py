"""Images in buckets: `s3://`, `gs://`, `hf://` and what else fsspec knows, read by decode workers.

Credentials and endpoints are those of the bucket's own library (`AWS_PROFILE`, `AWS_ENDPOINT_URL`, ...) or of
fsspec's configuration. Such a library may wait for ever, so each read has a deadline.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from eyeful.errors import ImageError, MissingExtraError, UsageError, one_line
from eyeful.extras import install_command, require
from eyeful.sources.base import OpenedContent, Search, SourceKind, refused
from eyeful.sources.cloud_levels import LIST_TIMEOUT, is_folder, level
from eyeful.sources.deadline import Deadline
from eyeful.sources.folder import EXTENSIONS
from eyeful.sources.system_files import SYSTEM_FILE, in_system_folder, is_system_file, is_system_folder
from eyeful.types import Item

MAX_BYTES = 256 << 20
TIMEOUT = 20.0
"""Seconds for reading one image, as for a download."""
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]+://", re.IGNORECASE)

R = TypeVar("R")


def is_cloud(text: str | Path) -> bool:
    """Whether a text is an address in a bucket, rather than a path or a web address."""
    return (
        isinstance(text, str)
        and bool(_SCHEME.match(text))
        and not text.lower().startswith(("http://", "https://"))
    )


def items(text: str | Path, search: Search, ignored: Counter[str]) -> Iterator[Item]:
    """The image at an address, the images below it, or those that match its pattern; in the order of their keys.

    Args:
        text: `SCHEME://BUCKET/PATH`; `*`, `?` and `[` make it a pattern.
        search: whether to look in folders of folders.
        ignored: counts the other files by extension as they are met.

    Raises:
        UsageError: no library knows this scheme.
        MissingExtraError: fsspec, or the library for this scheme, is not installed.
    """
    address = str(text)
    try:
        filesystem, path = Deadline(TIMEOUT).call(filesystem_of, address)
        if any(char in path for char in "*?["):
            matches = Deadline(LIST_TIMEOUT).call(filesystem.glob, path, detail=True)
            if not matches:
                yield item_of_address(address)
            yield from _matching(filesystem, path, matches, recursive=search.recursive, ignored=ignored)
        elif Deadline(TIMEOUT).call(is_folder, filesystem, path):
            yield from _below(filesystem, path, recursive=search.recursive, ignored=ignored)
        else:
            yield Item(address, _Object(address, filesystem, path))
    except (UsageError, MissingExtraError):
        raise
    except TimeoutError:
        yield refused(address, "timeout", "cannot be listed in time")
    except Exception as error:  # noqa: BLE001 - every bucket's library has exceptions of its own
        yield refused(address, "fetch_failed", f"cannot be fetched: {one_line(error)}")


def item_of_address(address: str) -> Item:
    """The item of one image by its address; what is wrong with the address becomes its row."""
    return Item(address, _Object(address))


@dataclass(frozen=True, slots=True)
class _Object:
    """The content of one object; it can be sent to another process."""

    address: str
    filesystem: Any = None
    path: str = ""

    def open(self) -> OpenedContent:
        """The object, opened, its size known.

        Raises:
            ImageError: `not_found`, `too_large`, `timeout` or `fetch_failed`.
        """
        deadline = Deadline(TIMEOUT)
        file = _in_time(deadline, self._open)
        opened = _OpenedObject(file, deadline, _size_of(file))
        if opened.size > MAX_BYTES:
            opened.close()
            raise _too_large()
        return opened

    def __call__(self) -> bytes:
        opened = self.open()
        try:
            return opened.read()
        finally:
            opened.close()

    def _open(self) -> Any:
        try:
            filesystem, path = (
                filesystem_of(self.address) if self.filesystem is None else (self.filesystem, self.path)
            )
        except (UsageError, MissingExtraError) as error:
            raise ImageError("fetch_failed", str(error)) from error
        return filesystem.open(path, "rb")


@dataclass(slots=True)
class _OpenedObject:
    """An object that is open, and the rest of its time."""

    file: Any
    deadline: Deadline
    size: int
    _late: bool = field(default=False, init=False)

    def read(self) -> bytes:
        """All of it.

        Raises:
            ImageError: `too_large`, `timeout` or `fetch_failed`.
        """
        try:
            content: bytes = _in_time(self.deadline, self.file.read, MAX_BYTES + 1)
        except ImageError as error:
            self._late = error.kind == "timeout"
            raise
        if len(content) > MAX_BYTES:
            raise _too_large()
        return content

    def close(self) -> None:
        """Close it, unless a thread still reads from it."""
        if not self._late:
            with suppress(Exception):
                Deadline(TIMEOUT).call(self.file.close)


def _in_time(deadline: Deadline, step: Callable[..., R], *args: Any) -> R:
    try:
        return deadline.call(step, *args)
    except ImageError:
        raise
    except FileNotFoundError as error:
        raise ImageError("not_found", "no such object") from error
    except TimeoutError as error:
        raise ImageError("timeout", f"not fetched within {deadline.seconds:g} seconds") from error
    except Exception as error:
        raise ImageError("fetch_failed", f"cannot be fetched: {one_line(error)}") from error


def _too_large() -> ImageError:
    return ImageError("too_large", f"larger than {MAX_BYTES >> 20} MB")


def _size_of(file: Any) -> int:
    """What an opened object says of its size; the largest that is read where it says nothing."""
    size = getattr(file, "size", None)
    return size if isinstance(size, int) else MAX_BYTES


def _matching(
    filesystem: Any, pattern: str, matches: Mapping[str, Any], *, recursive: bool, ignored: Counter[str]
) -> Iterator[Item]:
    """What matches a pattern, sorted; of folders, what is in them."""
    for name in sorted(matches):
        is_file = matches[name]["type"] == "file"
        if _is_left_by_system(name, pattern):
            ignored[SYSTEM_FILE] += is_file
        elif is_file:
            yield _item(filesystem, name)
        elif "**" not in pattern:  # else what lies in it matches by itself
            yield from _below(filesystem, name, recursive=recursive, ignored=ignored)


def _below(filesystem: Any, folder: str, *, recursive: bool, ignored: Counter[str]) -> Iterator[Item]:
    """Depth first, in the order of keys."""
    for entry in level(filesystem, folder):
        name = entry.name
        if name.rstrip("/") == folder.rstrip("/"):  # some buckets hold a mark for the folder itself
            continue
        path = PurePosixPath(name)
        if entry.is_folder:
            if is_system_folder(path.name):
                ignored[SYSTEM_FILE] += 1
            elif recursive:
                yield from _below(filesystem, name, recursive=True, ignored=ignored)
        elif is_system_file(path.name, None):
            ignored[SYSTEM_FILE] += 1
        elif path.suffix.lower() in EXTENSIONS:
            yield _item(filesystem, name)
        else:
            ignored[path.suffix.lower() or "no extension"] += 1


def _is_left_by_system(name: str, pattern: str) -> bool:
    """Whether a match is what a system left there, and the pattern does not name it; as for files on disk."""
    base = re.split(r"[*?\[]", pattern, maxsplit=1)[0].rpartition("/")[0]
    if in_system_folder(PurePosixPath(name.removeprefix(base)).parts):
        return True
    asked = pattern.rpartition("/")[2].startswith(".")
    return not asked and is_system_file(PurePosixPath(name).name, None)


def _item(filesystem: Any, path: str) -> Item:
    address = filesystem.unstrip_protocol(path)
    return Item(address, _Object(address, filesystem, path))


def filesystem_of(address: str) -> tuple[Any, str]:
    """Fsspec's file system for an address, and the path there.

    Raises:
        UsageError: nothing is known of such an address.
        MissingExtraError: fsspec, or the library for this scheme, is not installed.
    """
    scheme = address.partition("://")[0]
    fsspec = require("fsspec", f"{scheme}://")
    try:
        filesystem, path = fsspec.core.url_to_fs(address)
    except ImportError as error:
        remedy = install_command("cloud") if scheme == "s3" else one_line(error)
        raise MissingExtraError(f"{scheme}:// needs a library that is not installed: {remedy}") from error
    except ValueError as error:
        raise UsageError(f"{address} cannot be read: {one_line(error)}") from error
    return filesystem, str(path)


SOURCE = SourceKind(is_cloud, items, priority=60)
