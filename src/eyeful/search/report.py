"""The report of a search: one self-contained HTML page with the images beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from eyeful.bundle.files import check_writable, write_output
from eyeful.evaluation.thumbnails import thumbnails
from eyeful.filenames import portable_name
from eyeful.search.found import Pair, QueryResult
from eyeful.search.model import title_of
from eyeful.sinks.html import data_uri, file_uri, html_environment
from eyeful.sources import open_source
from eyeful.sources.archive import is_archive
from eyeful.sources.listing import item_of_name
from eyeful.sources.video import is_video

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from eyeful.features.file import Features
    from eyeful.types import Item

IMAGES = 400
"""Images that one page shows, about 6 MB; what is behind them is counted."""
_SIDE = 240
"""Pixels of a thumbnail's longer side."""


def write_report(path: Path, features: Features, found: Sequence[QueryResult] | Sequence[Pair]) -> int:
    """Write the page whole, or leave what was there.

    Args:
        path: the .html file.
        features: what was searched.
        found: of queries, or pairs.

    Returns:
        How many images of those that the page shows could not be opened again.

    Raises:
        OutputError: the page cannot be written.
    """
    check_writable(path)
    shown = shown_of(found)
    names = [portable_name(name)[0] for one in shown for name in _names_of(one)]
    jpegs = thumbnails(_items_of(name for one in shown for name in _names_of(one)), names)
    write_output(path, render(features, found, shown, jpegs))
    return len(set(names) - jpegs.keys())


def render(
    features: Features,
    found: Sequence[QueryResult | Pair],
    shown: Sequence[QueryResult | Pair],
    jpegs: dict[str, bytes],
) -> str:
    """The page's text.

    Args:
        features: what was searched.
        found: of queries, or pairs.
        shown: those of them that the page shows.
        jpegs: small images by filename; one that is missing has a placeholder.
    """
    environment = html_environment("eyeful.search")
    environment.filters |= {
        "cosine": "{:.4f}".format,
        "portable": lambda name: portable_name(name)[0],
    }
    provenance = features.record.get("provenance")
    return environment.get_template("similar.html").render(
        pairs=[one for one in shown if isinstance(one, Pair)],
        queries=[(one, _uri_of(one.thumbnail)) for one in shown if isinstance(one, QueryResult)],
        most=IMAGES,
        found=len(found),
        folder=_folder_of([name for one in shown for name in _names_of(one)]),
        of_pairs=bool(found) and isinstance(found[0], Pair),
        model=title_of(features.record),
        images=len(features.filenames),
        without=sum(features.errors.values()),
        uris={name: file_uri("JPEG", jpeg) for name, jpeg in jpegs.items()},
        provenance=provenance if isinstance(provenance, dict) else {},
    )


def shown_of(found: Sequence[QueryResult] | Sequence[Pair]) -> list[QueryResult | Pair]:
    """The first of them, so many that the page shows at most `IMAGES` images; one at least."""
    shown: list[QueryResult | Pair] = []
    images = 0
    for one in found:
        images += 1 + len(_names_of(one))
        if shown and images > IMAGES:
            break
        shown.append(one)
    return shown


def _names_of(one: QueryResult | Pair) -> list[str]:
    """The images of the file that are shown for it."""
    return list(one.filenames) if isinstance(one, Pair) else [near.filename for near in one.neighbours[:IMAGES]]


def _folder_of(names: Sequence[str]) -> str:
    """The folder that all names begin with, with its slash; empty where there is none."""
    if not names:
        return ""
    first, last = min(names), max(names)  # what these two begin with, all between them do
    same = next((place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), None)
    before, slash, _ = first[:same].rpartition("/")
    return before + slash


def _uri_of(pixels_HWC: Any) -> str | None:
    if pixels_HWC is None:
        return None
    image = Image.fromarray(np.asarray(pixels_HWC))
    image.thumbnail((_SIDE, _SIDE))
    return data_uri(image)


def _items_of(names: Iterable[str]) -> Iterator[Item]:
    """The items that names stand for; those in archives and videos are searched for there."""
    holders: dict[Path, None] = {}
    for name in names:
        holder = _holder_of(name)
        if holder is None:
            yield item_of_name(name)
        else:
            holders[holder] = None
    for holder in holders:
        yield from open_source(holder).items


def _holder_of(name: str) -> Path | None:
    """The archive or video that an image is in; None for a file of its own."""
    video, mark, _ = name.rpartition("#t=")
    if mark and is_video(video):
        return Path(video)
    return next((one for one in Path(name).parents if is_archive(one) and one.is_file()), None)
