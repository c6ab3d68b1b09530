"""An item's encoded bytes, within the memory budget."""

import io
import os
from contextlib import ExitStack, closing
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image

from eyeful.errors import ImageError
from eyeful.images.budget import MemoryBudget
from eyeful.images.identify import is_held_whole, open_file
from eyeful.images.limits import MAX_ENCODED
from eyeful.types import Content, Item


def opened_file(content: Content, budget: MemoryBudget, stack: ExitStack) -> IO[bytes]:
    """The encoded bytes of content that is neither an image nor pixels, as a file.

    What of it is held in memory has its share of the budget before it is read; the stack gives it back.

    Raises:
        ImageError: it cannot be had; `kind` says why.
    """
    if isinstance(content, Path):
        file = stack.enter_context(open_file(content))
        if is_held_whole(file):
            stack.enter_context(budget.hold_encoded(_size_on_disk(file)))
        return file
    encoded = content if isinstance(content, bytes) else _read(content, budget, stack)
    if not encoded:
        raise ImageError("empty", "there are no bytes")
    return io.BytesIO(encoded)


def encoded_bytes(item: Item) -> bytes:
    """An item's image as it is encoded, to be opened elsewhere; pixels become a PNG.

    Raises:
        ImageError: it cannot be had; `kind` says why.
    """
    content = item.content
    if isinstance(content, Path):
        try:
            with open_file(content) as file:
                return file.read()
        except OSError as error:
            raise ImageError("unreadable", f"cannot be read: {error.strerror}") from error
    if isinstance(content, Image.Image | np.ndarray):
        buffer = io.BytesIO()
        image = Image.fromarray(content) if isinstance(content, np.ndarray) else content
        image.save(buffer, "PNG")
        return buffer.getvalue()
    return content if isinstance(content, bytes) else content()


def _read(content: Content, budget: MemoryBudget, stack: ExitStack) -> bytes:
    """Bytes that are fetched: content that can be opened first tells how many they will be (`sources.base`)."""
    open_content = getattr(content, "open", None)
    if open_content is None:
        assert callable(content)  # noqa: S101 - nothing else is left
        encoded: bytes = content()
        return encoded
    with closing(open_content()) as opened:
        stack.enter_context(budget.hold_encoded(opened.size))
        fetched: bytes = opened.read()
        return fetched


def _size_on_disk(file: IO[bytes]) -> int:
    size = os.fstat(file.fileno()).st_size
    if size > MAX_ENCODED:
        raise ImageError("too_large", f"{size >> 20} MB; the limit of this format is {MAX_ENCODED >> 20} MB")
    return size
