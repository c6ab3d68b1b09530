"""The classifier: the public face of a predictor, with which Python, command line, page and server work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np

from eyeful.errors import ImageError, UsageError
from eyeful.extras import require
from eyeful.pipeline import Stream
from eyeful.predictor import Predictor, no_features
from eyeful.sources import Source, open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from numpy.typing import NDArray
    from PIL import Image

    from eyeful.explain import Explanation, Network
    from eyeful.pipeline import StageTimer
    from eyeful.predictor import PredictorSpec, PreprocessedImage, Preprocessor
    from eyeful.preprocessing import Preprocessing
    from eyeful.types import Prediction

    One = str | Path | bytes | bytearray | Image.Image | NDArray[np.uint8]
    """What is one input; but a folder, a glob or an array NHWC, which are many."""


class Classifier:
    """Names what is in images. Made by `eyeful.load`; use as a context manager or call `close`.

    It may be used from any thread, and pickles as its spec: another process opens the very same again. After a
    fork the child must load its own; it is told so at once.

    Attributes:
        predictor: the three stages that answer.
    """

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self._network: Network | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Callable[[PredictorSpec], Classifier], tuple[PredictorSpec]]:
        return open_classifier, (self.spec,)

    def __repr__(self) -> str:
        runs_on = f"{self.engine} on {self.device}, {self.precision}"
        return f"<eyeful.Classifier {self.model}: {len(self.labels)} labels, {runs_on}>"

    def close(self) -> None:
        """Wait for what is in flight and free the device."""
        self.predictor.close()

    def with_options(self, **options: Any) -> Classifier:
        """The same engine under other options of its spec; closing either closes the engine of both."""
        return Classifier(self.predictor.with_options(**options))

    @property
    def spec(self) -> PredictorSpec:
        """Every value that decides the answers; opens the very same classifier again."""
        return self.predictor.spec

    @property
    def model(self) -> str:
        """The model's full name."""
        return self.predictor.manifest.title

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the closed set of answers, by position in the output vector; not unique."""
        return self.predictor.manifest.labels.names

    @property
    def wnids(self) -> tuple[str | None, ...]:
        """WordNet ids by position, where they are known."""
        return self.predictor.manifest.labels.wnids

    @property
    def preprocessing(self) -> Preprocessing:
        """The preprocessing in force, which is the weights' own with what was set by hand at `load`."""
        return self.predictor.preprocessing

    @property
    def preprocessor(self) -> Preprocessor:
        """Opens one image as this classifier does; picklable."""
        return self.predictor.preprocessor

    @property
    def engine(self) -> str:
        """Which engine runs."""
        return self.predictor.engine.name

    @property
    def device(self) -> str:
        """Where it runs."""
        return self.predictor.engine.device

    @property
    def precision(self) -> str:
        """The arithmetic that runs."""
        return self.predictor.engine.precision

    @property
    def batch_size(self) -> int:
        """Images in one forward pass."""
        return Stream(self.predictor).batch_size

    @property
    def workers(self) -> int:
        """Decode threads."""
        return Stream(self.predictor).workers

    @property
    def max_in_flight(self) -> int:
        """How many inputs may have been taken and have no row yet."""
        return Stream(self.predictor).max_in_flight

    @property
    def provenance(self) -> dict[str, Any]:
        """What decides the answers, and where the model comes from; plain JSON values."""
        return self.predictor.provenance

    @overload
    def predict(  # type: ignore[overload-overlap]
        self, inputs: One, *, topk: int | None = None, batch_size: int | None = None
    ) -> Prediction: ...

    @overload
    def predict(
        self,
        inputs: str | Path | Iterable[Any],
        *,
        topk: int | None = None,
        batch_size: int | None = None,
        column: str | None = None,
        every: str | float | None = None,
    ) -> list[Prediction]: ...

    def predict(
        self,
        inputs: Any,
        *,
        topk: int | None = None,
        batch_size: int | None = None,
        column: str | None = None,
        every: str | float | None = None,
    ) -> Prediction | list[Prediction]:
        """Classify.

        Args:
            inputs: a path, URL, bytes, anything with `.read()`, a PIL image, or uint8 pixels (an array HWC, HW or
                HW1, a torch tensor CHW) gives one prediction. An iterable of these, an array NHWC and, though a
                type checker cannot know it, a folder, glob, archive or list file give a list: for these, `stream`
                is better. A bad image is a prediction with `.error`.
            topk: labels in each answer; the spec's when None.
            batch_size: images in one forward pass; the spec's when None.
            column: of a list file, the column that holds the images; it is found when None.
            every: of a video, the time from frame to frame: seconds, or "0.5s", "500ms", "10f" (frames); a second
                when None.

        Raises:
            UsageError: the input is none of these, or has no such column; or a column or time is asked for, and
                nothing is named that has one.
        """
        source = open_source(inputs, column=column, every=every)
        stream = Stream(self.predictor, batch_size)
        if source.single:
            (prediction,) = stream.predictions(source.items, topk=topk)
            return prediction
        return [prediction.without_arrays() for prediction in stream.predictions(source.items, topk=topk)]

    __call__ = predict

    def stream(
        self,
        inputs: Any,
        *,
        topk: int | None = None,
        thumbnails: bool = False,
        timer: StageTimer | None = None,
        column: str | None = None,
        every: str | float | None = None,
    ) -> Generator[Prediction]:
        """Classify lazily: predictions in input order, in constant memory.

        A generator is gone through in a thread of its own. While it lets wait, what it gave is classified: a row
        comes 50 ms later, however large a batch is. What may be used in one thread only, as a cursor of sqlite3,
        raises its error there, and from here: pass `list(...)` of it.

        Args:
            inputs: as for `predict`, or an opened Source.
            topk: as for `predict`.
            thumbnails: a small image on each prediction.
            timer: counts how long each stage was waited for.
            column: as for `predict`; an opened Source has it already.
            every: the same.

        Raises:
            UsageError: as for `predict`.
        """
        if not isinstance(inputs, Source):
            source = open_source(inputs, column=column, every=every)
        elif column is None and every is None:
            source = inputs
        else:
            raise UsageError("a Source is opened already: pass column= and every= to open_source")
        return Stream(self.predictor).predictions(
            source.items, topk=topk, thumbnails=thumbnails, timer=timer, live=source.live
        )

    def preprocessed(self, inputs: Any) -> Iterator[PreprocessedImage]:
        """The first stage alone: opened, resized and cropped images, in order; inputs as for `stream`."""
        source = inputs if isinstance(inputs, Source) else open_source(inputs)
        return Stream(self.predictor).preprocessed(source.items)

    def logits(self, inputs: Any) -> NDArray[np.float32]:
        """Raw scores, float32: (K,) for one image, (N, K) for several.

        Raises:
            ImageError: an image cannot be classified; the text begins with its name.
        """
        return self._stacked(inputs, "logits", len(self.labels))

    def features(self, inputs: Any) -> NDArray[np.float32]:
        """The vector behind the logits, float32: (D,) for one image, (N, D) for several.

        It is the input of the layer that makes the logits, as it is; `eyeful embed` writes it at unit length.

        Raises:
            ImageError: an image cannot be classified; the text begins with its name.
            UsageError: the network does not end in a linear layer, so there is no such vector.
        """
        return self._stacked(inputs, "features", 0)

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
        from eyeful.explain import Network, explain

        source = open_source(image)
        if not source.single:
            raise UsageError("explain takes one image")
        (item,) = source.items
        if self._network is None:
            self._network = Network.of(self.predictor)
        return explain(self._network, item, target, layer)

    def feature_maps(self, image: Any) -> dict[str, NDArray[np.float32]]:
        """What some layers put out for one image, early to late: layer → maps (C, H, W). See `explain`."""
        return {stage.layer: stage.maps_CHW for stage in self.explain(image).stages}

    def gradcam(
        self, image: Any, target: str | int | None = None, layer: str | None = None
    ) -> NDArray[np.float32]:
        """Which places speak for a label: (H, W) of the layer's maps, 0 to 1. See `explain`."""
        return self.explain(image, target, layer).cam_HW

    def _stacked(self, inputs: Any, field: str, columns: int) -> NDArray[np.float32]:
        source = open_source(inputs)
        rows = [self._array_of(prediction, field) for prediction in self.stream(source, topk=1)]
        if source.single:
            return rows[0]
        return np.stack(rows) if rows else np.empty((0, columns), np.float32)

    def _array_of(self, prediction: Prediction, field: str) -> NDArray[np.float32]:
        if not prediction.ok:
            raise ImageError(prediction.error_kind or "internal", f"{prediction.filename}: {prediction.error}")
        found: NDArray[np.float32] | None = getattr(prediction, field)
        if found is None:
            raise no_features(self.predictor)
        return found


def open_classifier(spec: PredictorSpec) -> Classifier:
    """The classifier of a spec; for the errors see `Predictor.open`."""
    return Classifier(Predictor.open(spec))
