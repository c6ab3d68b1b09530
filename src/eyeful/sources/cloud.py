"""Images in buckets: `s3://`, `gs://`, `hf://` and what else fsspec knows, read by decode workers.

Credentials and endpoints are those of the bucket's own library (`AWS_PROFILE`, `AWS_ENDPOINT_URL`, ...) or of
fsspec's configuration.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from eyeful.errors import ImageError, MissingExtraError, UsageError, one_line
from eyeful.extras import install_command, require
from eyeful.sources.folder import EXTENSIONS
from eyeful.sources.refused import refused
from eyeful.types import Item

MAX_BYTES = 256 << 20
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def is_cloud(text: str) -> bool:
    """Whether a text is an address in a bucket, rather than a path or a web address."""
    return bool(_SCHEME.match(text)) and not text.lower().startswith(("http://", "https://"))


def items(address: str, *, recursive: bool, ignored: Counter[str]) -> Iterator[Item]:
    """The image at an address, the images below it, or those that match its pattern; in sorted order.

    Args:
        address: `SCHEME://BUCKET/PATH`; `*`, `?` and `[` make it a pattern.
        recursive: look in folders of folders.
        ignored: counts the other files by extension as they are met.

    Raises:
        UsageError: no library knows this scheme.
        MissingExtraError: fsspec, or the library for this scheme, is not installed.
    """
    filesystem, path = _opened(address)
    try:
        if any(char in path for char in "*?["):
            found = filesystem.glob(path, detail=True)
            files = sorted(name for name, about in found.items() if about["type"] == "file")
            yield from (_item(filesystem, file) for file in files)
            if not files:
                yield named(address)
        elif filesystem.isdir(path):
            yield from _below(filesystem, path, recursive=recursive, ignored=ignored)
        else:
            yield Item(address, partial(_read, filesystem, path))
    except Exception as error:  # noqa: BLE001 - every bucket's library has exceptions of its own
        yield refused(address, "unreadable", f"cannot be listed: {one_line(error)}")


def named(address: str) -> Item:
    """The item of one image by its address; what is wrong with the address becomes its row."""
    return Item(address, partial(fetch, address))


def fetch(address: str) -> bytes:
    """Read one image.

    Raises:
        ImageError: `not_found`, `too_large` or `fetch_failed`.
    """
    try:
        filesystem, path = _opened(address)
    except (UsageError, MissingExtraError) as error:
        raise ImageError("fetch_failed", str(error)) from error
    return _read(filesystem, path)


def _read(filesystem: Any, path: str) -> bytes:
    try:
        with filesystem.open(path, "rb") as file:
            content: bytes = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise ImageError("not_found", "no such object") from error
    except Exception as error:
        raise ImageError("fetch_failed", f"cannot be fetched: {one_line(error)}") from error
    if len(content) > MAX_BYTES:
        raise ImageError("too_large", f"larger than {MAX_BYTES >> 20} MB")
    return content


def _below(filesystem: Any, folder: str, *, recursive: bool, ignored: Counter[str]) -> Iterator[Item]:
    """Depth first, each level sorted by name, as in a folder on disk."""
    for entry in sorted(filesystem.ls(folder, detail=True), key=lambda entry: str(entry["name"])):
        name = entry["name"]
        if name.rstrip("/") == folder.rstrip("/"):  # some buckets hold a mark for the folder itself
            continue
        if entry["type"] == "directory":
            if recursive:
                yield from _below(filesystem, name, recursive=True, ignored=ignored)
        elif PurePosixPath(name).suffix.lower() in EXTENSIONS:
            yield _item(filesystem, name)
        else:
            ignored[PurePosixPath(name).suffix.lower() or "no extension"] += 1


def _item(filesystem: Any, path: str) -> Item:
    return Item(filesystem.unstrip_protocol(path), partial(_read, filesystem, path))


def _opened(address: str) -> tuple[Any, str]:
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
