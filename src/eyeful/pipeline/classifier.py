"""The classifier: one object through which command line, Python and HTTP get equal answers."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from eyeful.cpu import usable_cores
from eyeful.errors import ImageError, ModelError, UsageError
from eyeful.extras import require
from eyeful.images import COLOUR_POLICY, MemoryBudget
from eyeful.pipeline.bottleneck import StageTimer
from eyeful.pipeline.prefetch import ordered_map
from eyeful.pipeline.preprocess import PreprocessedImage, preprocess
from eyeful.pipeline.settings import Settings
from eyeful.pipeline.watchdog import DecodeWatchdog
from eyeful.results import rank
from eyeful.sources import Source, open_source
from eyeful.types import Prediction

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from eyeful.bundle import Manifest
    from eyeful.engines import Engine
    from eyeful.explain import Explanation, Network
    from eyeful.preprocessing import Preprocessing
    from eyeful.types import Labels

    InFlight = tuple[list[PreprocessedImage], "Future[NDArray[np.float32]] | None"]

_MOST_WORKERS = 32
"""More decode threads than this only queue for Python's lock."""

_MOST_ROWS_PER_IMAGE = 8
"""How many rows a batch may hold for each of its images, so that a folder of bad files still streams."""


class Classifier:
    """Names what is in images. Made by `eyeful.load`; use as a context manager or call `close`.

    Attributes:
        preprocessing: the preprocessing in force: the weights' own, with what was set by hand.
        labels: the names of the closed set of answers, by position.

    Args:
        engine: runs the model.
        manifest: says what the model is.
        preprocessing: in place of the manifest's.
        settings: how to work.
        fp32_engine: makes an engine for images whose answer overflows in half precision.
        load_module: loads the network itself, as torch has it, for `explain`.
    """

    def __init__(
        self,
        engine: Engine,
        manifest: Manifest,
        preprocessing: Preprocessing | None = None,
        settings: Settings | None = None,
        *,
        fp32_engine: Callable[[], Engine] | None = None,
        load_module: Callable[[], Any] | None = None,
    ) -> None:
        self.preprocessing = preprocessing or manifest.preprocessing
        self.settings = settings or Settings()
        self._manifest = manifest
        self._engine = engine
        self._labels: Labels = manifest.labels
        self._budget = MemoryBudget()
        self._make_fp32 = fp32_engine
        self._fp32: Engine | None = None
        self._load_module = load_module
        self._network: Network | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return (
            f"<eyeful.Classifier {self._manifest.model}: {len(self._labels)} labels, "
            f"{self.engine} on {self.device}, {self.precision}>"
        )

    def with_settings(self, settings: Settings) -> Classifier:
        """The same model and engine under other settings; closing either closes the engine of both."""
        makers = {"fp32_engine": self._make_fp32, "load_module": self._load_module}
        return Classifier(self._engine, self._manifest, self.preprocessing, settings, **makers)

    def close(self) -> None:
        """Wait for what is in flight and free the device."""
        for engine in (self._engine, self._fp32):
            if engine is not None:
                engine.close()

    @property
    def model(self) -> str:
        """The model's full name."""
        return self._manifest.model

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the closed set of answers, by position in the output vector; not unique."""
        return self._labels.names

    @property
    def wnids(self) -> tuple[str | None, ...]:
        """WordNet ids by position, where they are known."""
        return self._labels.wnids

    @property
    def engine(self) -> str:
        """Which engine runs."""
        return self._engine.name

    @property
    def device(self) -> str:
        """Where it runs."""
        return self._engine.device

    @property
    def precision(self) -> str:
        """The arithmetic that runs."""
        return self._engine.precision

    def submit(self, batch_NHWC: NDArray[np.uint8]) -> Future[NDArray[np.float32]]:
        """The forward stage alone: a future of logits_NK for images that the preprocessing was applied to."""
        return self._engine.submit(batch_NHWC)

    @property
    def capacity(self) -> int:
        """Batches worth keeping in flight."""
        return self._engine.capacity

    @property
    def batch_size(self) -> int:
        """Images in one forward pass."""
        return self.settings.batch_size or self._engine.batch_size

    @property
    def workers(self) -> int:
        """Decode threads."""
        return self.settings.workers or min(usable_cores(), _MOST_WORKERS)

    @property
    def provenance(self) -> dict[str, Any]:
        """What determines the answers, and where the model comes from; plain JSON values."""
        return {
            "model": self._manifest.model,
            "architecture": self._manifest.architecture,
            "weights": self._manifest.weights,
            "preprocessing": self.preprocessing.as_dict(),
            "colour_policy": COLOUR_POLICY,
            "decode": "full" if self.settings.full_decode else "reduced",
            "resize": "two steps" if self.settings.two_step_resize else "one step",
            "engine": self.engine,
            "device": self.device,
            "precision": self.precision,
            "calibration": self._manifest.calibration,
            "classes": len(self._labels),
            "labels_sha256": hashlib.sha256(json.dumps([self.labels, self.wnids]).encode()).hexdigest(),
            "versions": self._manifest.versions,
        }

    def predict(self, inputs: Any, *, topk: int | None = None) -> Prediction | list[Prediction]:
        """Classify.

        Args:
            inputs: a path, URL, bytes, PIL image or uint8 RGB array gives one prediction; a folder, glob, list
                file, batch or iterable of these gives a list. A bad image is a prediction with `.error`.
            topk: labels in each answer; the settings' when None.

        Raises:
            UsageError: the input is none of these.
        """
        source = open_source(inputs)
        predictions = list(self.stream(source, topk=topk))
        return predictions[0] if source.single else predictions

    def stream(
        self, inputs: Any, *, topk: int | None = None, thumbnails: bool = False, timer: StageTimer | None = None
    ) -> Generator[Prediction]:
        """Classify lazily: predictions in input order, in constant memory.

        Args:
            inputs: as for `predict`, or an opened Source.
            topk: as for `predict`.
            thumbnails: keep a small image on each prediction.
            timer: counts the time that each stage made this one wait.
        """
        timer = timer or StageTimer()
        source = inputs if isinstance(inputs, Source) else open_source(inputs)
        k = self.settings.topk if topk is None else topk
        in_flight: deque[InFlight] = deque()
        with closing(self.preprocess_all(source.items, thumbnails=thumbnails)) as loaded:
            batches = self._batches(loaded)
            while True:
                with timer.on("decode"):
                    batch = next(batches, None)
                if batch is not None:
                    with timer.on("forward"):
                        in_flight.append(self._start(batch))
                if batch is None or len(in_flight) > self._engine.capacity:
                    if not in_flight:
                        return
                    rows, future = in_flight.popleft()
                    with timer.on("forward"):
                        logits_NK = future.result() if future is not None else None
                    yield from self._answered(rows, logits_NK, k)

    def logits(self, inputs: Any) -> NDArray[np.float32]:
        """Raw scores, float32: (K,) for one image, (N, K) for several.

        Raises:
            ImageError: an image cannot be classified; the text begins with its name.
        """
        source = open_source(inputs)
        rows = []
        for prediction in self.stream(source, topk=1):
            if prediction.logits is None:
                raise ImageError(prediction.error_kind or "internal", f"{prediction.filename}: {prediction.error}")
            rows.append(prediction.logits)
        if source.single:
            return rows[0]
        return np.stack(rows) if rows else np.empty((0, len(self._labels)), np.float32)

    def explain(self, image: Any, target: str | int | None = None, layer: str | None = None) -> Explanation:
        """Look inside: everything on the way from one image to its answer.

        It is computed by torch in fp32, whatever engine this classifier has, so its numbers are those of `exact`.

        Args:
            image: one input, as for `predict`.
            target: the label to explain, by name, WordNet id or index; the best one when None.
            layer: the layer that Grad-CAM looks at; the last with feature maps when None.

        Raises:
            UsageError: several images, or no such label or layer.
            ImageError: the image cannot be had.
            ModelError: the network has no feature maps, or is not to be had for torch.
            MissingExtraError: torch or Captum is not installed.
        """
        require("captum.attr", "explain")
        from eyeful.explain import explain

        source = open_source(image)
        if not source.single:
            raise UsageError("explain takes one image")
        (item,) = source.items
        return explain(self._network_inside(), item, target, layer, self.settings.limits)

    def feature_maps(self, image: Any) -> dict[str, NDArray[np.float32]]:
        """What some layers put out for one image, early to late: layer → maps (C, H, W). See `explain`."""
        return {stage.layer: stage.maps_CHW for stage in self.explain(image).stages}

    def gradcam(
        self, image: Any, target: str | int | None = None, layer: str | None = None
    ) -> NDArray[np.float32]:
        """Which places speak for a label: (H, W) of the layer's maps, 0 to 1. See `explain`."""
        return self.explain(image, target, layer).cam_HW

    def _network_inside(self) -> Network:
        from eyeful.explain import Network

        if self._network is None:
            if self._load_module is None:
                raise ModelError(f"{self.model} cannot be looked into: load it by its name")
            self._network = Network(self.model, self._load_module(), self.preprocessing, self._labels)
        return self._network

    @property
    def preprocess_item(self) -> partial[PreprocessedImage]:
        """Opens one image as this classifier does; can be sent to another process."""
        return partial(
            preprocess,
            preprocessing=self.preprocessing,
            limits=self.settings.limits,
            full_decode=self.settings.full_decode,
            two_step_resize=self.settings.two_step_resize,
        )

    @property
    def max_in_flight(self) -> int:
        """How many inputs may have been taken and have no row yet."""
        batches = self.capacity + 2  # in the engine, one that waits for it, and one that is being gathered
        return self.workers + self.batch_size + batches * _MOST_ROWS_PER_IMAGE * self.batch_size

    def preprocess_all(self, items: Iterable[Any], *, thumbnails: bool = False) -> Generator[PreprocessedImage]:
        """The decode stage alone: opened, resized and cropped images, in order.

        Args:
            items: what to open.
            thumbnails: keep a small image of each.
        """
        watchdog = DecodeWatchdog()
        load = partial(self.preprocess_item, budget=self._budget, thumbnails=thumbnails, watchdog=watchdog)
        return ordered_map(load, items, self.workers, self.workers + self.batch_size, watchdog.tick)

    def _batches(self, loaded: Iterator[PreprocessedImage]) -> Iterator[list[PreprocessedImage]]:
        """Rows with up to `batch_size` images among them; bad ones ride along in their place."""
        rows: list[PreprocessedImage] = []
        images, full = 0, self.batch_size
        for row in loaded:
            rows.append(row)
            images += row.pixels_HWC is not None
            if images == full or len(rows) == _MOST_ROWS_PER_IMAGE * full:
                yield rows
                rows, images = [], 0
        if rows:
            yield rows

    def _start(self, rows: list[PreprocessedImage]) -> InFlight:
        images = [row.pixels_HWC for row in rows if row.pixels_HWC is not None]
        return rows, self._engine.submit(np.stack(images)) if images else None

    def _answered(
        self, rows: list[PreprocessedImage], logits_NK: NDArray[np.float32] | None, k: int
    ) -> Iterator[Prediction]:
        logits = iter(() if logits_NK is None else logits_NK)
        for row in rows:
            yield self.postprocess(row, next(logits), k) if row.pixels_HWC is not None else row.as_error()

    def _in_fp32(self, row: PreprocessedImage, logits_K: NDArray[np.float32]) -> NDArray[np.float32]:
        """The answer for one image once more, where half precision overflowed."""
        if self.precision == "fp32" or self._make_fp32 is None or row.pixels_HWC is None:
            return logits_K
        if self._fp32 is None:
            self._fp32 = self._make_fp32()
        again_K: NDArray[np.float32] = self._fp32.submit(row.pixels_HWC[None]).result()[0]
        return again_K

    def postprocess(
        self, row: PreprocessedImage, logits_K: NDArray[np.float32], k: int | None = None
    ) -> Prediction:
        """The last stage alone: the row of an image, from its logits.

        Args:
            row: what the decode stage gave.
            logits_K: what the forward stage gave for it.
            k: labels in the answer; the settings' when None.
        """
        if not np.isfinite(logits_K).all():
            logits_K = self._in_fp32(row, logits_K)
        if not np.isfinite(logits_K).all():
            return row.as_error(ImageError("nonfinite", "the network's answer is not finite, in fp32 either"))
        top = rank(logits_K, self._labels, k or self.settings.topk)
        return Prediction(
            filename=row.item.filename,
            top=top,
            abstained=top[0].prob < self.settings.min_prob,
            warnings=row.warnings,
            logits=logits_K,
            item=row.item,
            thumbnail=row.thumbnail,
        )
