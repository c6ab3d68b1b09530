"""The one path from an item to its row, as three stages. Command line, Python, HTTP and clusters all run these."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from eyeful.errors import ImageError, ModelError
from eyeful.images import COLOUR_POLICY
from eyeful.predictor.preprocess import PreprocessedImage, Preprocessor
from eyeful.results import rank
from eyeful.types import Prediction

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from eyeful.bundle import Manifest
    from eyeful.engines import Engine, Outputs
    from eyeful.predictor.spec import PredictorSpec
    from eyeful.preprocessing import Preprocessing
    from eyeful.types import Item


class Predictor:
    """Preprocess, forward, postprocess. No threads of its own, no order; safe to use from any thread.

    Attributes:
        spec: what it is, pinned: it opens the very same again, in another process too.
        manifest: what the model is.
        preprocessing: in force: the weights' own, with what the spec overrides.
        preprocessor: the first stage alone, picklable.
        engine: the second stage.

    Args:
        spec: what was asked for.
        engine: runs the model.
        manifest: says what the model is.
        preprocessing: in place of the manifest's.
        open_fp32: makes an engine for images whose answer overflows in half precision.
        open_network: loads the network as torch has it, for `explain`.
    """

    def __init__(
        self,
        spec: PredictorSpec,
        engine: Engine,
        manifest: Manifest,
        preprocessing: Preprocessing | None = None,
        *,
        open_fp32: Callable[[], Engine] | None = None,
        open_network: Callable[[], Any] | None = None,
    ) -> None:
        self.engine = engine
        self.manifest = manifest
        self.preprocessing = preprocessing or manifest.preprocessing
        self.spec = replace(spec, pinned=self._pins())
        self.preprocessor = Preprocessor(self.preprocessing, spec.limits, spec.full_decode, spec.two_step_resize)
        self._open_fp32 = open_fp32
        self._open_network = open_network
        self._fp32: Engine | None = None
        self._opening = threading.Lock()

    @classmethod
    def open(cls, spec: PredictorSpec) -> Self:
        """The predictor that a spec describes; weights are fetched and prepared at first use.

        Raises:
            UsageError: parts of the spec contradict each other.
            ModelError: the model cannot be had, or is not the one that the spec is pinned to.
            EngineError: it cannot run as asked.
            MissingExtraError: something must be installed first; the text says how.
        """
        from eyeful.predictor.open import parts_of

        spec = spec.as_pinned().with_absolute_paths()
        predictor = cls(spec, **parts_of(spec))
        predictor.check_pinned(spec)
        return predictor

    def with_options(self, **options: Any) -> Predictor:
        """The same engine under other options of its spec; closing either closes the engine of both."""
        spec = replace(self.spec, **options)
        makers = {"open_fp32": self._open_fp32, "open_network": self._open_network}
        return Predictor(spec, self.engine, self.manifest, self.preprocessing, **makers)

    def preprocess(self, item: Item, thumbnail: int = 0) -> PreprocessedImage:
        """The first stage: open one image and make the network's input of it. Never raises: an error is a value.

        Args:
            item: what to open.
            thumbnail: longest side of the small copy that sinks may show, in pixels; 0 for none.
        """
        return self.preprocessor(item, thumbnail)

    def forward(self, batch_NHWC: NDArray[np.uint8]) -> Future[Outputs]:
        """The second stage: the network, on a batch of preprocessed images. See `engines.base`."""
        return self.engine.submit(batch_NHWC)

    def postprocess(
        self,
        image: PreprocessedImage,
        logits_K: NDArray[np.float32],
        features_D: NDArray[np.float32] | None = None,
        *,
        topk: int | None = None,
    ) -> Prediction:
        """The third stage: the row of one image, from what the network said of it.

        Args:
            image: what the first stage gave.
            logits_K: what the second stage gave for it.
            features_D: the same.
            topk: labels in the answer; the spec's when None.
        """
        if not np.isfinite(logits_K).all():
            logits_K, features_D = self._in_fp32(image, logits_K, features_D)
        if not np.isfinite(logits_K).all():
            return image.as_error(ImageError("nonfinite", "the network's answer is not finite, in fp32 either"))
        top = rank(logits_K, self.manifest.labels, topk or self.spec.topk)
        return Prediction(
            filename=image.item.filename,
            top=top,
            abstained=top[0].prob < self.spec.min_prob,
            warnings=image.warnings,
            logits=logits_K,
            features=features_D,
            item=image.item,
            thumbnail=image.thumbnail,
        )

    def open_network(self) -> Any:
        """The network as torch has it, a copy of its own, for looking inside.

        Raises:
            ModelError: there is none of this model.
        """
        if self._open_network is None:
            raise ModelError(f"{self.manifest.title} cannot be looked into: load it by its name")
        return self._open_network()

    def close(self) -> None:
        """Wait for what is in flight and free the device."""
        for engine in (self.engine, self._fp32):
            if engine is not None:
                engine.close()

    @property
    def provenance(self) -> dict[str, Any]:
        """What decides the answers, and where the model comes from; plain JSON values."""
        pins = self._pins()
        return {
            "model": self.manifest.title,
            "architecture": self.manifest.architecture,
            **pins,
            "weights": self.manifest.weights,
            "decode": "full" if self.spec.full_decode else "reduced",
            "resize": "two steps" if self.spec.two_step_resize else "one step",
            "device": self.engine.device,
            "classes": len(self.manifest.labels),
            "versions": self.manifest.versions,
        }

    def check_pinned(self, spec: PredictorSpec) -> None:
        """See that this is what a pinned spec was.

        Raises:
            ModelError: it is not; the text names the difference.
        """
        found = self._pins()
        differing = [name for name, value in (spec.pinned or {}).items() if found.get(name) != value]
        if differing:
            self.close()
            how = "; ".join(f"{name} was {spec.pinned[name]}, is {found.get(name)}" for name in differing)  # type: ignore[index]
            raise ModelError(f"{self.manifest.title} is not what it was when it was first opened: {how[:600]}")

    def _pins(self) -> dict[str, Any]:
        """What a spec cannot know before it is opened, as plain JSON values."""
        labels = self.manifest.labels
        return {
            "weights": self.manifest.weights["sha256"],
            "preprocessing": self.preprocessing.as_dict(),
            "colour_policy": COLOUR_POLICY,
            "engine": self.engine.name,
            "precision": self.engine.precision,
            "calibration": self.manifest.calibration,
            "labels_sha256": hashlib.sha256(json.dumps([labels.names, labels.wnids]).encode()).hexdigest(),
        }

    def _in_fp32(
        self, image: PreprocessedImage, logits_K: NDArray[np.float32], features_D: NDArray[np.float32] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """The outputs for one image once more, where half precision overflowed."""
        if self.engine.precision == "fp32" or self._open_fp32 is None or image.pixels_HWC is None:
            return logits_K, features_D
        with self._opening:
            self._fp32 = self._fp32 or self._open_fp32()
        return self._fp32.submit(image.pixels_HWC[None]).result().row(0)
