"""Images that a visitor adds to a label: each is opened once, so that a broken one is named at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eyeful.errors import ImageError
from eyeful.images import Limits, MemoryBudget, open_item
from eyeful.page.html import render
from eyeful.page.messages import Trouble, why_no_answer
from eyeful.preprocessing import Preprocessing
from eyeful.types import NONE_OF_THESE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from eyeful.types import Item

MOST_IMAGES = 500
"""Images of all labels together."""
MOST_BYTES = 1 << 30
"""Bytes of their files."""
_SHOWN = 8
"""Images of a label that are shown; the others are counted."""
_SIDE = 96
_REDUCED = Preprocessing((_SIDE,) * 2, (_SIDE,) * 2, "bilinear", (0.5,) * 3, (0.5,) * 3)
"""Lets JPEGs be decoded at a scale that leaves enough for a small image."""


@dataclass(frozen=True, slots=True, eq=False)
class Own:
    """One label's images, as a visitor's session stores them.

    Attributes:
        items: the images, in the order in which they came.
        bytes: of all their files.
        shown: small images of the first.
        troubles: why others of the last upload are not among them.
    """

    items: tuple[Item, ...] = ()
    bytes: int = 0
    shown: tuple[NDArray[np.uint8], ...] = ()
    troubles: tuple[Trouble, ...] = ()

    def __len__(self) -> int:
        return len(self.items)

    def html(self, fewest: int) -> str:
        """How the page shows them.

        Args:
            fewest: images that a label needs.
        """
        return render("own_images.html", own=self, fewest=fewest)


def with_images(own: Own, items: Sequence[Item], on_image: Callable[[int], None] = lambda _: None) -> Own:
    """The same label with more images; what cannot be opened is left out, and said to be.

    Args:
        own: what the label has.
        items: what was uploaded.
        on_image: called with the number of each, from 1, for progress.
    """
    if len(own) + len(items) > MOST_IMAGES:
        return replace(own, troubles=(_too_many(len(own) + len(items)),))
    good, shown, troubles, size = list(own.items), list(own.shown), [], own.bytes
    for number, item in enumerate(items, 1):
        try:
            with open_item(item, Limits(), MemoryBudget(), reduce_for=_REDUCED) as opened:
                if len(shown) < _SHOWN:
                    small = opened.image.copy()
                    small.thumbnail((_SIDE, _SIDE))
                    shown.append(np.asarray(small.convert("RGB")))
            size += _bytes_of(item)
            good.append(item)
        except ImageError as error:
            troubles.append(why_no_answer(item.filename, error.kind, str(error)))
        except OSError:
            troubles.append(why_no_answer(item.filename, "not_found", ""))
        on_image(number)
    return Own(tuple(good), size, tuple(shown), tuple(troubles))


def _bytes_of(item: Item) -> int:
    assert isinstance(item.content, Path)  # noqa: S101 - uploads are files
    return item.content.stat().st_size


def by_label(names: Sequence[str], owns: Sequence[Own], fewest: int) -> dict[str, list[Item]] | Trouble:
    """The images of each label, each with a name of its own; or why they cannot be taught.

    Args:
        names: what the visitor wrote beside each place for a label.
        owns: the images of each.
        fewest: images that a label needs.
    """
    labels = [" ".join(name.split()) for name in names]
    used = [(label, own) for label, own in zip(labels, owns, strict=True) if label or own.items]
    fault = next(_faults(used, fewest), None)
    return fault or {label: _told_apart(own.items, label) for label, own in used}


def _faults(used: Sequence[tuple[str, Own]], fewest: int) -> Iterator[Trouble]:
    names = [label.casefold() for label, _ in used if label]
    if len(names) < len(used):
        yield Trouble("A label has images and no name.", "Name it, or remove it.")
    if twice := [label for label, _ in used if names.count(label.casefold()) > 1]:
        yield Trouble(f"Two labels are called {twice[0]}.", "Rename one of them, or remove it.")
    if NONE_OF_THESE in names:
        yield Trouble(f"No label can be called “{NONE_OF_THESE}”: every taught model has it.", "Rename it.")
    if len(used) < 2:
        yield Trouble("To teach takes two labels or more.", f"Name two, and add {fewest} images or more to each.")
    if few := [f"{label} has {len(own)}" for label, own in used if len(own) < fewest]:
        yield Trouble(f"A label needs {fewest} images, better 20: {', '.join(few)}.", "Add images, or remove it.")
    if (images := sum(len(own) for _, own in used)) > MOST_IMAGES:
        yield _too_many(images)
    if (size := sum(own.bytes for _, own in used)) > MOST_BYTES:
        yield Trouble(
            f"{size >> 20:,} MB of images are too many: this page takes {MOST_BYTES >> 20:,} MB.",
            "Use fewer or smaller ones, or `eyeful teach`, which takes any number.",
        )


def _too_many(images: int) -> Trouble:
    return Trouble(
        f"{images:,} images are too many: this page takes {MOST_IMAGES} in all.",
        "Use fewer, or `eyeful teach`, which takes any number.",
    )


def _told_apart(items: Sequence[Item], label: str) -> list[Item]:
    """Each with a name that no other has: phones call many images the same."""
    names: set[str] = set()
    found = []
    for item in items:
        name, number = item.filename, 1
        while name in names:
            number += 1
            name = f"{number} {item.filename}"
        names.add(name)
        found.append(replace(item, filename=f"{label}/{name}"))
    return found
