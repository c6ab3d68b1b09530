"""Safe opening: an item → one upright RGB image, or an ImageError with its kind.

Limits are checked before memory is spent, and what is spent was reserved.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
from PIL import Image

from eyeful.images.budget import MEMORY_BUDGET, MemoryBudget, release_freed_memory
from eyeful.images.cost import decoding_bytes
from eyeful.images.decode import Opened, decode, reduce
from eyeful.images.encoded import opened_file
from eyeful.images.identify import identify
from eyeful.images.limits import Limits, check_size
from eyeful.preprocessing import Preprocessing
from eyeful.types import Item

_LARGE = 32 << 20
"""Bytes from which an image's memory is given back to the system at once."""


@contextmanager
def open_item(
    item: Item,
    limits: Limits | None = None,
    budget: MemoryBudget = MEMORY_BUDGET,
    reduce_for: Preprocessing | None = None,
) -> Iterator[Opened]:
    """Open an item's image for the duration of the block; so long it holds its share of the memory budget.

    Args:
        item: what to open.
        limits: what it may cost; the image in the file counts, whatever the scale at which it is decoded.
        budget: the process' own, but in tests.
        reduce_for: decode a JPEG at the smallest scale that leaves at least twice the resize target of this
            preprocessing; None decodes every pixel.

    Raises:
        ImageError: the image cannot be had; `kind` says why.
    """
    with ExitStack() as stack:
        image = _undecoded(item, budget, stack)
        ours = image is not item.content
        size = image.size
        check_size(size, limits or Limits())
        if reduce_for is not None and ours:  # a caller's own image is left as it is
            reduce(image, reduce_for)
        cost = decoding_bytes(image, size)
        stack.enter_context(budget.hold_decoding(cost))
        opened: Opened | None = None
        try:
            opened = decode(image, size, ours=ours)
            yield opened
        finally:  # the memory goes back before its share does
            if opened is not None and opened.image is not item.content:
                opened.image.close()
            if ours:
                image.close()
            del image, opened
            if cost >= _LARGE:
                release_freed_memory()


def _undecoded(item: Item, budget: MemoryBudget, stack: ExitStack) -> Image.Image:
    """The item's image with its header read, its pixels not yet."""
    content = item.content
    if isinstance(content, Image.Image):
        return content
    if isinstance(content, np.ndarray):
        return Image.fromarray(content)
    return identify(opened_file(content, budget, stack))
