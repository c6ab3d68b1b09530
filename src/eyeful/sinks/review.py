"""The review page: a random sample of a run's answers in one HTML file, where a person says which are right.

What the person says becomes `verdicts.csv`, which `eyeful evaluate --verdicts` reads.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any, Self

from PIL import Image

from eyeful.bundle.files import check_writable, write_output
from eyeful.cpu import usable_cores
from eyeful.errors import ImageError
from eyeful.filenames import portable_name
from eyeful.images import Limits, open_item
from eyeful.predictor.preprocess import thumbnail_of
from eyeful.preprocessing import Preprocessing
from eyeful.sinks.csv import cell_of
from eyeful.sinks.html import file_uri, html_environment
from eyeful.sinks.report_cards import Card, Largest, encoded
from eyeful.sources.base import Sized
from eyeful.sources.unchanged import as_it_is_now

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from eyeful.types import Prediction

COLUMNS = (
    *("filename", "filename_b64", "label", "wnid", "index", "prob", "group"),
    *("verdict", "model", "made"),
)
"""Of verdicts.csv. `prob` is of what was asked about: of the group where there is one, else of the label."""
SEED = 0
_SIDE = 800
"""Longest side of an image in pixels, where its file can be opened again; else it is a thumbnail's."""
_FORMS = ((_SIDE, 80), (_SIDE, 65), (640, 60), (480, 55), (320, 50), (200, 40))
"""Longest side and JPEG quality, until an image is small enough."""
_PAGE_BYTES, _IMAGE_BYTES = 12_000_000, 24_000
"""All images of a page before base64 makes them a third larger; one of many may always have so much."""
_REDUCED = Preprocessing((_SIDE // 3,) * 2, (_SIDE // 3,) * 2, "bilinear", (0.5,) * 3, (0.5,) * 3)
"""Lets JPEGs be decoded at a scale that leaves two thirds of `_SIDE` on the shorter side."""
_ADMITTED = Limits(max_pixels=sys.maxsize, max_aspect=math.inf)
"""The run that classified an image had its own limits."""


class ReviewSink:
    """Draws a random sample of the answers, and writes the page when the run ends.

    Errors and answers that are unsure have nothing to judge, and are left out. The sample is in random order, so
    that those judged are one too, wherever a person stops; the same rows give the same one. Memory grows with the
    sample, not with the run.

    Args:
        path: the .html file.
        manifest: what the page says of the model.
        images: how many to show, at most; of a shorter run, all.
        thumbnails: predictions shall carry a small image, which is shown where no file can be read again. Without,
            decoding takes a quarter to a third less.
        made: when, in ISO 8601; now when None.
    """

    def __init__(
        self,
        path: Path,
        manifest: dict[str, Any],
        images: int,
        *,
        thumbnails: bool = True,
        made: str | None = None,
    ) -> None:
        self.wants_thumbnails = thumbnails
        self._path = path
        self._manifest = manifest
        self._made = made or datetime.now(UTC).isoformat(timespec="seconds")
        self._sample = Largest(images)
        self._random = Random(SEED)  # noqa: S311 - a sample, and the same one every time
        self._orders = count()
        self._answers = self._errors = self._unsure = 0

    def __enter__(self) -> Self:
        check_writable(self._path)
        return self

    def append(self, prediction: Prediction) -> None:
        """Count one row, and hold its image if it is drawn."""
        order = next(self._orders)
        if not prediction.ok:
            self._errors += 1
        elif prediction.unsure:
            self._unsure += 1
        else:
            self._answers += 1
            key = self._random.random()
            if self._sample.admits(key):
                self._sample.add(key, _held(prediction, order))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and not self._answers:
            return
        write_output(self._path, self._rendered(stopped=error is not None))

    def _rendered(self, *, stopped: bool) -> str:
        cards = self._sample.ranked()
        rows = [self._cells(card.prediction) for card in cards]
        with ThreadPoolExecutor(usable_cores()) as pool:
            largest = max(_IMAGE_BYTES, _PAGE_BYTES // max(1, len(cards)))
            jpegs = list(pool.map(lambda card: _jpeg_of(card, largest), cards))
        environment = html_environment()
        environment.filters["jpeg"] = partial(file_uri, "JPEG")
        return environment.get_template("review.html").render(
            questions=list(zip((card.prediction for card in cards), jpegs, strict=True)),
            rows={"columns": COLUMNS, "cells": rows, "key": f"eyeful verdicts {_digest(rows)}"},
            answers=self._answers,
            errors=self._errors,
            unsure=self._unsure,
            seed=SEED,
            stopped=stopped,
            manifest=self._manifest,
            made=self._made,
        )

    def _cells(self, row: Prediction) -> list[str]:
        """A line of verdicts.csv, whose verdict is not known yet."""
        filename, encoded_name = portable_name(row.filename)
        best, (name, guess) = row.top[0], row.answer_parts
        prob = float(f"{row.answer_prob:.7g}")
        cells = (filename, encoded_name, best.label, best.wnid, best.index, prob, name if guess else None)
        return [str(cell_of(cell)) for cell in (*cells, None, self._manifest["model"], self._made)]


def _held(prediction: Prediction, order: int) -> Card:
    """What is held of a drawn row: also how its image can be read again, as long as nobody changes the file."""
    item = None if prediction.item is None else as_it_is_now(prediction.item)
    if item is not None and not isinstance(item.content, Sized):  # read once, or too large to be held
        item = None
    card = Card.of(prediction, order)
    return replace(card, prediction=replace(card.prediction, item=item))


def _jpeg_of(card: Card, most: int) -> bytes | None:
    """A card's image as it was in its file, or else its thumbnail; at most about so many bytes."""
    image = _reopened(card.prediction)
    if image is None:
        if card.jpeg is None or len(card.jpeg) <= most:
            return card.jpeg
        image = Image.open(io.BytesIO(card.jpeg))
    for side, quality in _FORMS:
        image.thumbnail((side, side))
        jpeg = encoded(image, quality=quality, optimize=True)
        if len(jpeg) <= most:
            break
    return jpeg


def _reopened(row: Prediction) -> Image.Image | None:
    if row.item is None:
        return None
    try:
        with open_item(row.item, _ADMITTED, reduce_for=_REDUCED) as opened:
            return Image.fromarray(thumbnail_of(opened.image, _SIDE, opened.to_srgb))
    except ImageError:
        return None


def _digest(rows: list[list[str]]) -> str:
    """Tells one sample of one model's answers from another, whenever they were made."""
    return hashlib.sha256(json.dumps([cells[:-1] for cells in rows]).encode()).hexdigest()[:16]
