"""Small images for a report of an evaluation: only those that it shows are opened again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from PIL import Image

from eyeful.errors import ImageError
from eyeful.images import Limits, open_item
from eyeful.predictor.preprocess import thumbnail_of
from eyeful.sinks.report_cards import encoded
from eyeful.types import Item

SUSPICIOUS, PAIRS, EXAMPLES = 24, 24, 4
"""Suspicious labels, confused pairs, and images of each pair that a report shows: 120 images."""
_SIDE = 240
"""Pixels of a thumbnail's longer side."""


def shown_filenames(evaluation: Mapping[str, Any]) -> set[str]:
    """The images that a report of this evaluation (as a dict) shows, at most 120."""
    suspicious = {one["filename"] for one in evaluation["suspicious"][:SUSPICIOUS]}
    pairs = evaluation["confusions"][:PAIRS]
    return suspicious.union(*(pair["examples"][:EXAMPLES] for pair in pairs))


def thumbnails(
    items: Iterable[Item], filenames: Collection[str], limits: Limits | None = None
) -> dict[str, bytes]:
    """JPEGs of those items that have these filenames; what cannot be opened any more has none.

    Args:
        items: of the run, lazily; they are read until all that are wanted are found.
        filenames: what is wanted.
        limits: what one image may cost.
    """
    wanted, found = set(filenames), {}
    for item in items if wanted else ():
        if item.filename in wanted:
            wanted.remove(item.filename)
            jpeg = _jpeg(item, limits)
            if jpeg is not None:
                found[item.filename] = jpeg
            if not wanted:
                break
    return found


def _jpeg(item: Item, limits: Limits | None) -> bytes | None:
    try:
        with open_item(item, limits) as opened:
            return encoded(Image.fromarray(thumbnail_of(opened.image, _SIDE, opened.to_srgb)), quality=78)
    except (ImageError, OSError):
        return None
