"""What a source is, and the ways in which an item can hold its bytes.

A new kind of source is one file with a `SourceKind` and its line under `[project.entry-points."eyeful.sources"]`,
in this repository or in the package of someone else.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

from eyeful.errors import ErrorKind, ImageError
from eyeful.types import Item


@dataclass(frozen=True, slots=True)
class Search:
    """How a user wants images to be found in what is named; see `open_source`.

    Attributes:
        recursive: search folders in folders.
        column: of lists, the one that holds the images; None: it is found.
        every: of videos, the time from frame to frame: seconds, or a text such as "500ms"; None: a second.
        undivided: an archive or video is one item, whose content is `Undivided`.
    """

    recursive: bool = True
    column: str | None = None
    every: str | float | None = None
    undivided: bool = False


class FindItems(Protocol):
    """How a source gives its items."""

    def __call__(
        self, text: str | Path, search: Search, ignored: Counter[str], /
    ) -> Iterator[Item] | Iterator[Item | str | Path]:
        """The items that a text or path names, lazily and in order.

        Among them may be names: each is then taken as if a user had written it.

        Args:
            text: what a user wrote; `matches` has said that it is for this source.
            search: how.
            ignored: counts files that were met and are no inputs, by extension.

        Raises:
            UsageError: what is named is no source after all. Among other inputs it becomes an error row.
            MissingExtraError: a library is not installed.
        """
        ...


@dataclass(frozen=True, slots=True)
class SourceKind:
    """One kind of place that images come from.

    Attributes:
        matches: whether a text or path is for this source. A `Path` is never an address or `-`.
        items: gives its items.
        priority: the kind with the highest one is asked first; the file, which takes everything, has 0.
        single: one image is named, so the answer is one prediction rather than a list.
        countable: the items can be listed twice, cheaply and without being used up; for the progress bar.
        repeatable: the same name gives the same items again, so that a run can go on after a crash.
        heeds: which of `column` and `every` mean something to it; where nothing heeds them, they are refused.
        expands: `items` gives names rather than items.
        divisible: its items can be had one by one, in any process; those of an archive come with it alone.
    """

    matches: Callable[[str | Path], bool]
    items: FindItems
    priority: int
    single: bool = False
    countable: bool = True
    repeatable: bool = True
    heeds: tuple[Literal["column", "every"], ...] = ()
    expands: bool = False
    divisible: bool = True


@dataclass(frozen=True, slots=True)
class Undivided:
    """The content of an item that stands for all items of an archive or a video, to be opened elsewhere.

    Attributes:
        text: what names it.
    """

    text: str | Path

    def __call__(self) -> bytes:
        """There are no bytes of one image.

        Raises:
            ImageError: always.
        """
        raise ImageError("internal", f"{self.text} was taken for one image")


class OpenedContent(Protocol):
    """Bytes that can be had now.

    Attributes:
        size: how many there will be at most; the memory budget is asked for as many before they are read.
    """

    @property
    def size(self) -> int:
        """The most bytes that `read` gives."""
        ...

    def read(self) -> bytes:
        """The bytes.

        Raises:
            ImageError: they cannot be had.
        """
        ...

    def close(self) -> None:
        """Let go of what was opened."""
        ...


@dataclass(frozen=True, slots=True)
class Sized:
    """The content of an item whose size is known before it is read.

    Attributes:
        size: bytes, at most.
        read: gives them, or raises ImageError.
    """

    size: int
    read: Callable[[], bytes]

    def __call__(self) -> bytes:
        """The bytes."""
        return self.read()

    def open(self) -> OpenedContent:
        """Nothing needs to be opened."""
        return self

    def close(self) -> None:
        """Nothing was opened."""


def refused(filename: str, kind: ErrorKind, message: str, columns: Mapping[str, Any] | None = None) -> Item:
    """An item whose row is this error: an input that is known to fail before anything is opened."""
    return Item(filename, Sized(0, partial(_refuse, kind, message)), columns)


def _refuse(kind: ErrorKind, message: str) -> bytes:
    raise ImageError(kind, message)
