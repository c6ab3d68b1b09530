"""The sample images, of which the first is there when the page opens."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from eyeful.errors import EyefulError
from eyeful.images import Limits, MemoryBudget, open_item
from eyeful.page.quiet import UPLOADS
from eyeful.sources.samples import write_samples
from eyeful.types import Item

MOST_EXAMPLES = 6
_ICON = 64


class Example(NamedTuple):
    """One sample.

    Attributes:
        item: the image.
        icon: a file with a small square of it.
    """

    item: Item
    icon: Path


def examples() -> list[Example]:
    """Some samples, written to files; none where the packages that carry them are not installed."""
    folder = Path(tempfile.mkdtemp(dir=UPLOADS))  # of this page: Gradio deletes its files when it ends
    with suppress(EyefulError):
        items = [Item(path.name, path) for path in write_samples(folder)[:MOST_EXAMPLES]]
        return [Example(item, _icon(item, folder)) for item in items]
    return []


def _icon(item: Item, folder: Path) -> Path:
    small = folder / f"{Path(item.filename).stem}-small.jpg"
    with open_item(item, Limits(), MemoryBudget()) as opened:
        side = min(opened.image.size)
        left, top = (opened.image.width - side) // 2, (opened.image.height - side) // 2
        square = opened.image.resize((_ICON, _ICON), box=(left, top, left + side, top + side))
    square.save(small, quality=85)
    return small
