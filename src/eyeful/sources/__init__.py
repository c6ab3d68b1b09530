"""Where images come from → items, lazily and in order.

One rule: what is named always gives a row; what is found in a folder must look like an image. The kinds of source
register as plug-ins (`eyeful.sources`, see `base`); what is in memory already is `memory`'s.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eyeful import plugins
from eyeful.errors import ErrorKind, MissingExtraError, UsageError
from eyeful.sources import memory
from eyeful.sources.advice import why_no_input
from eyeful.sources.base import OpenedContent, Sized, SourceKind, refused
from eyeful.types import Item

__all__ = [
    "OpenedContent",
    "Sized",
    "Source",
    "SourceKind",
    "is_countable",
    "is_repeatable",
    "open_source",
    "refused",
]


@dataclass(slots=True)
class Source:
    """Items to classify, lazily.

    Attributes:
        items: each image once, in order; can be gone through once.
        single: exactly one image was named, so the answer is one prediction rather than a list.
        ignored: files that were met and are no inputs, counted by extension; complete when `items` is exhausted.
    """

    items: Iterator[Item]
    single: bool
    ignored: Counter[str] = field(default_factory=Counter)


def open_source(inputs: Any, *, recursive: bool = True) -> Source:
    """Turn whatever a user hands us into items.

    Args:
        inputs: a path, folder, glob, URL, archive (.tar, .tar.gz, .zip ...), bucket (s3://...), list file (.txt,
            .csv), `-` for names on standard input, what a plug-in knows, encoded bytes, a binary file, PIL image,
            uint8 array (HWC, HW or NHWC of 1, 3 or 4 channels), torch uint8 tensor (CHW or NCHW), or any iterable
            of these. What is in memory is copied at once: it may change or be closed afterwards.
        recursive: search folders in folders.

    Raises:
        UsageError: something that is none of these; the text says what to convert it to.
    """
    if isinstance(inputs, os.PathLike) and not isinstance(inputs, Path) and isinstance(inputs.__fspath__(), str):
        inputs = Path(inputs)
    if isinstance(inputs, str | Path):
        return _from_text(inputs, recursive=recursive)
    if isinstance(inputs, Item):
        return Source(iter((inputs,)), single=True)
    if memory.is_in_memory(inputs):
        items, single = memory.items(inputs)
        return Source(iter(items), single)
    names = memory.names(inputs)
    if names is not None or _is_collection(inputs):
        return _from_many(inputs if names is None else names, recursive=recursive)
    raise UsageError(why_no_input(inputs))


def _is_collection(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, Mapping) and not hasattr(value, "__array__")


def is_countable(text: str) -> bool:
    """Whether what is named can be counted without being used up, and cheaply; standard input cannot."""
    return _kind_of(text).countable


def is_repeatable(text: str) -> bool:
    """Whether what is named can be gone through a second time; standard input cannot."""
    return _kind_of(text).repeatable


def _from_text(text: str | Path, *, recursive: bool) -> Source:
    if text == "":
        raise UsageError("an empty name names nothing; . is the folder that you are in")
    ignored: Counter[str] = Counter()
    kind = _kind_of(text)
    return Source(kind.items(text, recursive=recursive, ignored=ignored), kind.single, ignored)


def _from_many(inputs: Iterable[Any], *, recursive: bool) -> Source:
    ignored: Counter[str] = Counter()
    alone = isinstance(inputs, list | tuple) and len(inputs) == 1

    def all_items() -> Iterator[Item]:
        for place, one in enumerate(inputs):
            if memory.is_missing(one):
                yield refused(f"input {place}", "not_found", f"there is {one} where a name should be")
                continue
            try:
                part = open_source(one, recursive=recursive)
                yield from part.items
            except (UsageError, MissingExtraError) as error:
                # a name that is no source must not take the rows of its neighbours with it; alone, it is a mistake
                # of the call, and so is an object of a wrong type
                if alone:
                    raise
                if not isinstance(one, str | Path):
                    raise UsageError(f"input {place}: {error}") from error
                yield refused(str(one), _error_kind(one), str(error))
            else:
                ignored.update(part.ignored)

    return Source(all_items(), single=False, ignored=ignored)


def _error_kind(text: str | Path) -> ErrorKind:
    if "://" in str(text):
        return "fetch_failed"
    return "unreadable" if text != "" and os.path.lexists(text) else "not_found"


def _kind_of(text: str | Path) -> SourceKind:
    return next(kind for kind in _kinds() if kind.matches(text))


def _kinds() -> list[SourceKind]:
    """Every kind of source, in the order in which they are asked."""
    found: dict[str, SourceKind] = plugins.load_all("sources", plugins.instance_of(SourceKind))
    return sorted(found.values(), key=lambda kind: -kind.priority)
