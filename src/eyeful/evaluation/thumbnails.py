"""Small images for a report of an evaluation: only those that it shows are opened again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from PIL import Image

from eyeful.errors import ImageError
from eyeful.filenames import portable_name
from eyeful.images import Limits, open_item
from eyeful.predictor.preprocess import thumbnail_of
from eyeful.sinks.report_cards import encoded
from eyeful.types import Item

SUSPICIOUS, PAIRS, NONE, EXAMPLES = 24, 24, 12, 4
"""Suspicious labels, confused pairs, labels taken for none of these, and images of each, that a report shows."""
_SIDE = 240
"""Pixels of a thumbnail's longer side."""


def shown_filenames(evaluation: Mapping[str, Any]) -> set[str]:
    """The images that a report of this evaluation (as a dict) shows, at most 168."""
    suspicious = {one["filename"] for one in evaluation["suspicious"][:SUSPICIOUS]}
    pairs = [*evaluation["confusions"][:PAIRS], *(evaluation["none_of_these"] or [])[:NONE]]
    return suspicious.union(*(pair["examples"][:EXAMPLES] for pair in pairs))


def thumbnails(
    items: Iterable[Item], filenames: Collection[str], limits: Limits | None = None
) -> dict[str, bytes]:
    """JPEGs of those items that have these filenames; what cannot be opened any more has none.

    Args:
        items: of the run, lazily; they are read until all that are wanted are found.
        filenames: what is wanted, as an evaluation writes them (`portable_name`).
        limits: what one image may cost.
    """
    wanted, found = set(filenames), {}
    for item in items if wanted else ():
        filename, _ = portable_name(item.filename)
        if filename in wanted:
            wanted.remove(filename)
            jpeg = _jpeg(item, limits)
            if jpeg is not None:
                found[filename] = jpeg
            if not wanted:
                break
    return found


def _jpeg(item: Item, limits: Limits | None) -> bytes | None:
    try:
        with open_item(item, limits) as opened:
            return encoded(Image.fromarray(thumbnail_of(opened.image, _SIDE, opened.to_srgb)), quality=78)
    except (ImageError, OSError):
        return None
