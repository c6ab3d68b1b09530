"""The images that calibrate and judge: so many of what is named, opened as the run will open them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from eyeful.isolate import isolate_suspects
from eyeful.sources import Source, is_countable, open_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eyeful.classifier import Classifier
    from eyeful.predictor import PreprocessedImage
    from eyeful.types import Item

MOST = 128
"""Images: half calibrate, half judge."""
_WINDOW = 10_000
"""Inputs from which they are taken at equal distances: the first ones of a folder may all be of one class."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Images that could be opened.

    Attributes:
        images: as the network gets them; no two are equal.
        digest: of their pixels.
        error: the first that could not be opened, and why; None without one.
    """

    images: tuple[PreprocessedImage, ...]
    digest: str
    error: str | None = None

    @classmethod
    def of(cls, classifier: Classifier, images: Any, *, isolated: bool = False) -> Sample:
        """What a classifier opens of images, up to 128; errors, and copies of an image, are left out.

        A copy of what calibrates would judge well of it.

        Args:
            classifier: opens them.
            images: as `open_source` takes them, or what `sample_of` gave.
            isolated: try each in another process first; one that ends it is left out.
        """
        source = images if isinstance(images, Source) else sample_of(images)
        items: Iterator[Item] = islice(source.items, MOST)
        if isolated:
            items = isolate_suspects(items, MOST, classifier.preprocessor)
        found: dict[bytes, PreprocessedImage] = {}
        fault = None
        for image in classifier.preprocessed(replace(source, items=items)):
            if image.pixels_HWC is not None:
                found.setdefault(hashlib.sha256(image.pixels_HWC.tobytes()).digest(), image)
            elif fault is None:
                fault = f"{image.item.filename}: {image.error}"
        return cls(tuple(found.values()), hashlib.sha256(b"".join(found)).hexdigest(), fault)


def sample_of(images: Any, **search: Any) -> Source:
    """Up to 128 of the images that are named: spread over the first 10,000 where these are cheap to list.

    Args:
        images: as `open_source` takes them.
        **search: how they are searched for, as `open_source` takes it.

    Raises:
        UsageError: as `open_source`.
    """
    source = open_source(images, **search)
    names = images if isinstance(images, list | tuple) else [images]
    listed = all(isinstance(name, str) and is_countable(name) for name in names)
    return replace(source, items=_spread(source.items) if listed else islice(source.items, MOST), live=False)


def _spread(items: Iterator[Item]) -> Iterator[Item]:
    """Up to 128 at equal distances, the first one among them."""
    found = list(islice(items, _WINDOW))
    count = min(MOST, len(found))
    yield from (found[place * len(found) // count] for place in range(count))
