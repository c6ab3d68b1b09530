"""A file that a generator names: read later, and refused where its owner has written there meanwhile."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from eyeful.errors import ImageError
from eyeful.sources.base import Sized

if TYPE_CHECKING:
    from eyeful.types import Item

_Stamp = tuple[int, int, int]
"""Tells one content of a file from another: when it was written, its size, its inode."""


def as_it_is_now(item: Item) -> Item:
    """An item that is only this content of its file; any other item as it is."""
    if not isinstance(item.content, Path):
        return item
    try:
        status = item.content.stat()
    except (OSError, ValueError):
        return item  # its row will say why
    if not stat.S_ISREG(status.st_mode) or not status.st_size:
        return item
    read = partial(_read, item.content, _stamp_of(status), status.st_size)
    return replace(item, content=Sized(status.st_size, read))


def _read(path: Path, stamp: _Stamp, size: int) -> bytes:
    how = "after it was handed over: hand over its bytes, Path(name).read_bytes()"
    try:
        with path.open("rb") as file:
            content = file.read(size + 1)
            found = _stamp_of(os.fstat(file.fileno()))
    except FileNotFoundError as error:
        raise ImageError("not_found", f"it was removed {how}") from error
    except OSError as error:
        raise ImageError("unreadable", f"cannot be read: {error.strerror}") from error
    if found != stamp:
        raise ImageError("unreadable", f"it was changed {how}")
    return content


def _stamp_of(status: os.stat_result) -> _Stamp:
    return status.st_mtime_ns, status.st_size, status.st_ino
