"""Which rows of a run a report shows, and what it holds of them."""

from __future__ import annotations

import heapq
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from typing import Any, Literal

from PIL import Image

from eyeful.filenames import printable
from eyeful.types import Prediction
from eyeful.wording import one_of

CONCERNING, SAMPLED = 500, 100
"""Images in one report: those that need a look, and an even sample of the others."""
OF_A_KIND = 10
"""Errors of one kind that come before every answer, so that thousands of one kind hide nothing else."""
_SCORES = 10
"""Labels of one image; a run with a larger top-k has them in its rows."""
_SMALL, _FEW = 200, 50
"""Longest side of a thumbnail in pixels, in reports of more images than a few."""
_THUMBNAIL_BYTES = 3_900_000
"""All thumbnails of one report together, before base64 makes them a third larger."""


@dataclass(frozen=True, slots=True)
class Card:
    """One row that may be shown.

    Attributes:
        order: its place in the run, from 0.
        prediction: the row, without arrays, columns and prediction set.
        jpeg: its thumbnail, at most 320 pixels; None where there is no image.
        possible: the labels of its prediction set, as a line; None where these are not several.
        sampled: it stands for those that need no look.
    """

    order: int
    prediction: Prediction
    jpeg: bytes | None
    possible: str | None = None
    sampled: bool = False

    @staticmethod
    def of(prediction: Prediction, order: int) -> Card:
        """What is held of a row while the run goes on."""
        pixels_HWC = prediction.thumbnail
        small = {"top": prediction.top[:_SCORES], "prediction_set": None, "thumbnail": None, "columns": None}
        row = replace(prediction.without_arrays(), **small)  # type: ignore[arg-type]
        labels = [printable(score.label) for score in prediction.prediction_set or ()]
        possible = one_of(labels) if len(labels) > 1 else None
        return Card(order, row, None if pixels_HWC is None else encoded(Image.fromarray(pixels_HWC)), possible)

    def thumbnail(self, cards: int) -> bytes | None:
        """The JPEG for a report of so many cards: few have larger ones, and all together are bounded."""
        if self.jpeg is None or (cards <= _FEW and len(self.jpeg) <= _THUMBNAIL_BYTES // cards):
            return self.jpeg
        image = Image.open(io.BytesIO(self.jpeg))
        image.thumbnail((_SMALL, _SMALL))
        for quality in (70, 55, 40, 20):
            jpeg = encoded(image, quality=quality, optimize=True)
            if len(jpeg) <= _THUMBNAIL_BYTES // cards:
                break
        return jpeg


def encoded(image: Image.Image, kind: Literal["PNG", "JPEG"] = "JPEG", **options: Any) -> bytes:
    """The bytes of an image's file; options are Pillow's."""
    file = io.BytesIO()
    image.save(file, kind, **{"quality": 85, **options})
    return file.getvalue()


class Selection:
    """Takes every row, and holds those that a person should see; all of them, of a run of up to 500.

    Of a larger one: the first errors of each kind and the least probable answers, then an even sample of the
    answers that are not unsure. The same rows give the same selection.
    """

    def __init__(self) -> None:
        self._concerning, self._sampled = Largest(CONCERNING), Largest(SAMPLED)
        self._orders = count()
        self._errors: Counter[str] = Counter()
        self._random = Random(0)  # noqa: S311 - a sample, and the same one every time

    def offer(self, prediction: Prediction) -> None:
        """Take one row, in input order."""
        order = next(self._orders)
        keys = [(self._concerning, self._concern(prediction))]
        if prediction.ok and not prediction.unsure:
            keys.append((self._sampled, self._random.random()))
        admitted = [(largest, key) for largest, key in keys if largest.admits(key)]
        if admitted:
            card = Card.of(prediction, order)
            for largest, key in admitted:
                largest.add(key, card)

    def cards(self) -> list[Card]:
        """The selected rows: errors by kind, then answers from the least probable on; behind them the sample."""
        concerning = {card.order for card in self._concerning}
        sampled = (replace(card, sampled=True) for card in self._sampled if card.order not in concerning)
        return sorted((*self._concerning, *sampled), key=_place)

    def _concern(self, prediction: Prediction) -> float:
        """How much a row needs a look; of an error, call once: it is counted among those of its kind."""
        if prediction.error_kind is None:
            return 1.0 - (prediction.answer_prob or 0.0)
        self._errors[prediction.error_kind] += 1
        return 2.0 if self._errors[prediction.error_kind] <= OF_A_KIND else -1.0


def _place(card: Card) -> tuple[bool, bool, str, float, int]:
    row = card.prediction
    return card.sampled, row.ok, row.error_kind or "", row.answer_prob or 0.0, card.order


class Largest:
    """The cards with the largest keys; of equal ones, the earlier."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[float, int, Card]] = []

    def admits(self, key: float) -> bool:
        """Whether a card with this key would be one of them."""
        return len(self._heap) < self._most or key > self._heap[0][0]

    def add(self, key: float, card: Card) -> None:
        """Hold one that is admitted, in place of the smallest where there are enough."""
        entry = (key, -card.order, card)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heapreplace(self._heap, entry)

    def __iter__(self) -> Iterator[Card]:
        return (card for _, _, card in self._heap)

    def ranked(self) -> list[Card]:
        """The cards from the largest key on."""
        return [card for _, _, card in sorted(self._heap, key=lambda entry: entry[:2], reverse=True)]
