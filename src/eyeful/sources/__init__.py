"""Where images come from → items, lazily and in order.

One rule: what is named always gives a row; what is found in a folder must look like an image. A new source is
one new file with a function that yields items, and one line in `_from_text` or `_from_object`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from eyeful.errors import UsageError
from eyeful.sources import archive, cloud, folder, listing, memory, url
from eyeful.sources.refused import refused
from eyeful.types import Item

__all__ = ["Source", "is_countable", "open_source", "refused"]


@dataclass(slots=True)
class Source:
    """Items to classify, lazily.

    Attributes:
        items: each image once, in order; can be walked once.
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
            .csv), `-` for names on standard input, encoded bytes, PIL image, uint8 RGB array (HWC, HW or NHWC),
            or any iterable of these.
        recursive: search folders in folders.

    Raises:
        UsageError: something that is none of these; the text says what to convert it to.
    """
    ignored: Counter[str] = Counter()
    if isinstance(inputs, str | Path):
        return _from_text(inputs, recursive, ignored)
    if isinstance(inputs, bytes | bytearray | memoryview | Image.Image | np.ndarray):
        return _from_object(inputs)
    if isinstance(inputs, Item):
        return Source(iter((inputs,)), single=True)
    if isinstance(inputs, Iterable) and not hasattr(inputs, "__array__"):

        def all_items() -> Iterator[Item]:
            for one in inputs:
                part = open_source(one, recursive=recursive)
                yield from part.items
                ignored.update(part.ignored)

        return Source(all_items(), single=False, ignored=ignored)
    raise UsageError(memory.why_not(inputs))


def is_countable(text: str) -> bool:
    """Whether what is named can be counted without being used up, and cheaply; standard input cannot."""
    return text != "-" and not archive.is_archive(Path(text)) and not cloud.is_cloud(text)


def _from_text(text: str | Path, recursive: bool, ignored: Counter[str]) -> Source:
    if text == "":
        raise UsageError("an empty name names nothing; . is the folder that you are in")
    path = Path(text)
    if isinstance(text, str) and url.is_url(text):
        items, single = iter((url.item(text),)), True
    elif isinstance(text, str) and cloud.is_cloud(text):
        items, single = cloud.items(text, recursive=recursive, ignored=ignored), False
    elif text == "-":
        items, single = listing.stdin_items(), False
    elif folder.is_folder(path):
        items, single = folder.items(path, recursive=recursive, ignored=ignored), False
    elif archive.is_archive(path):
        items, single = archive.items(path, ignored), False
    elif listing.is_listing(path):
        items, single = listing.items(path), False
    elif folder.is_glob(path):
        items, single = folder.glob_items(path), False
    else:
        items, single = iter((Item(str(text), path),)), True
    return Source(items, single, ignored)


def _from_object(value: Any) -> Source:
    if isinstance(value, np.ndarray):
        items = memory.array_items(value)
        return Source(iter(items), single=value.ndim < 4)
    return Source(chain((memory.item(value),)), single=True)
