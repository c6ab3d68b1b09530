"""A file that a generator names: read later, and refused where its owner has written there meanwhile."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from eyeful.errors import ImageError

if TYPE_CHECKING:
    from eyeful.types import Item

_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Unchanged:
    """The content of an item (`sources.base.Sized`).

    Attributes:
        path: where it is.
        stamp: tells what was there when it was named from what is there later.
        size: its bytes.
    """

    path: Path
    stamp: _Stamp
    size: int

    def __call__(self) -> bytes:
        """The bytes."""
        return self.read()

    def open(self) -> _Unchanged:
        """Nothing needs to be opened."""
        return self

    def close(self) -> None:
        """Nothing was opened."""

    def read(self) -> bytes:
        """The bytes.

        Raises:
            ImageError: they are not there any more, or others are.
        """
        how = "after it was handed over: hand over its bytes, Path(name).read_bytes()"
        try:
            with self.path.open("rb") as file:
                content = file.read(self.size + 1)
                found = _stamp_of(os.fstat(file.fileno()))
        except FileNotFoundError as error:
            raise ImageError("not_found", f"it was removed {how}") from error
        except OSError as error:
            raise ImageError("unreadable", f"cannot be read: {error.strerror}") from error
        if found != self.stamp:
            raise ImageError("unreadable", f"it was changed {how}")
        return content


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
    return replace(item, content=_Unchanged(item.content, _stamp_of(status), status.st_size))


def _stamp_of(status: os.stat_result) -> _Stamp:
    return status.st_mtime_ns, status.st_size, status.st_ino
