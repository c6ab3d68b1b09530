"""Many items through a predictor, in order, in constant memory: decode threads, batches, batches in flight."""

from __future__ import annotations

from collections import deque
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np

from eyeful.cpu import usable_cores
from eyeful.pipeline.bottleneck import StageTimer
from eyeful.pipeline.decode import decode_stream
from eyeful.pipeline.live import LiveItems
from eyeful.predictor import THUMBNAIL, check_range

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from concurrent.futures import Future

    from eyeful.engines import Outputs
    from eyeful.predictor import Predictor, PreprocessedImage
    from eyeful.types import Item, Prediction

    InFlight = tuple[list[PreprocessedImage], "Future[Outputs] | None"]

_MOST_WORKERS = 32
"""More decode threads than this only queue for Python's lock."""

_MOST_ROWS_PER_IMAGE = 8
"""How many rows a batch may hold for each of its images, so that a folder of bad files still streams."""


class Stream:
    """How a predictor is run over many items.

    Attributes:
        batch_size: images in one forward pass.
        workers: decode threads.
        max_in_flight: how many inputs may have been taken and have no row yet.
    """

    def __init__(self, predictor: Predictor, batch_size: int | None = None) -> None:
        if batch_size is not None:
            check_range("batch_size", batch_size)
        self._predictor = predictor
        spec, engine = predictor.spec, predictor.engine
        self.batch_size = batch_size or spec.batch_size or engine.batch_size
        self.workers = spec.workers or min(usable_cores(), _MOST_WORKERS)
        batches = engine.capacity + 2  # in the engine, one that waits for it, and one that is being gathered
        self.max_in_flight = self.workers + self.batch_size + batches * _MOST_ROWS_PER_IMAGE * self.batch_size

    def preprocessed(self, items: Iterable[Item], *, thumbnails: bool = False) -> Generator[PreprocessedImage]:
        """The first stage alone: opened, resized and cropped images, in order.

        Args:
            items: what to open.
            thumbnails: a small copy with each.
        """
        return decode_stream(
            self._predictor.preprocessor,
            items,
            workers=self.workers,
            ahead=self.workers + self.batch_size,
            thumbnail=THUMBNAIL if thumbnails else 0,
        )

    def predictions(
        self,
        items: Iterable[Item],
        *,
        topk: int | None = None,
        thumbnails: bool = False,
        timer: StageTimer | None = None,
        live: bool = False,
    ) -> Generator[Prediction]:
        """All stages: one prediction for each item, in order; a bad image is a prediction with an error.

        Args:
            items: what to classify.
            topk: labels in each answer; the spec's when None.
            thumbnails: a small copy on each prediction.
            timer: counts how long each stage was waited for.
            live: the items may let wait: they are taken in a thread of their own, and those that have come are not
                held back for a full batch.

        Raises:
            EngineError: the engine failed.
            DecodeTimeoutError: too many images hang.
        """
        if topk is not None:
            check_range("topk", topk)
        timer = timer or StageTimer()
        if not live:
            yield from self._predictions(items, topk, timer, thumbnails=thumbnails)
            return
        with closing(LiveItems(items, self.batch_size)) as source:
            for burst in source.bursts():
                yield from self._predictions(burst, topk, timer, thumbnails=thumbnails)

    def _predictions(
        self, items: Iterable[Item], topk: int | None, timer: StageTimer, *, thumbnails: bool
    ) -> Generator[Prediction]:
        in_flight: deque[InFlight] = deque()
        with closing(self.preprocessed(items, thumbnails=thumbnails)) as images:
            batches = self._batches(images)
            failure: Exception | None = None
            while True:
                try:
                    with timer.on("decode"):
                        batch = next(batches, None)
                except Exception as error:  # noqa: BLE001 - raised below, when what came before has its rows
                    failure, batch = error, None
                if batch is not None:
                    with timer.on("forward"):
                        in_flight.append(self._start(batch))
                if batch is None or len(in_flight) > self._predictor.engine.capacity:
                    if not in_flight:
                        if failure is not None:
                            raise failure
                        return
                    rows, future = in_flight.popleft()
                    with timer.on("forward"):
                        outputs = future.result() if future is not None else None
                    yield from self._postprocessed(rows, outputs, topk)

    def _batches(self, images: Iterator[PreprocessedImage]) -> Iterator[list[PreprocessedImage]]:
        """Rows with up to `batch_size` images among them; bad ones ride along in their place."""
        rows: list[PreprocessedImage] = []
        count, full = 0, self.batch_size
        failure: Exception | None = None
        try:
            for row in images:
                rows.append(row)
                count += row.pixels_HWC is not None
                if count == full or len(rows) == _MOST_ROWS_PER_IMAGE * full:
                    yield rows
                    rows, count = [], 0
        except Exception as error:  # noqa: BLE001 - raised below, behind the rows that came before
            failure = error
        if rows:
            yield rows
        if failure is not None:
            raise failure

    def _start(self, rows: list[PreprocessedImage]) -> InFlight:
        pixels = [row.pixels_HWC for row in rows if row.pixels_HWC is not None]
        return rows, self._predictor.forward(np.stack(pixels)) if pixels else None

    def _postprocessed(
        self, rows: list[PreprocessedImage], outputs: Outputs | None, topk: int | None
    ) -> Iterator[Prediction]:
        place = 0
        for row in rows:
            if row.pixels_HWC is None or outputs is None:
                yield row.as_error()
            else:
                yield self._predictor.postprocess(row, *outputs.row(place), topk=topk)
                place += 1
