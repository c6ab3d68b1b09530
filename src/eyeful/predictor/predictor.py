"""The one path from an item to its row, as three stages. Command line, Python, HTTP and clusters all run these."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from eyeful.engines import failed
from eyeful.errors import EngineError, EyefulError, ImageError, ModelError, UsageError
from eyeful.images import COLOUR_POLICY
from eyeful.predictor.lazy_engine import LazyEngine
from eyeful.predictor.preprocess import PreprocessedImage, Preprocessor
from eyeful.results import (
    Calibration,
    hierarchy_for,
    is_guess,
    prediction_set,
    probabilities,
    rank,
    why_no_probabilities,
)
from eyeful.types import Prediction

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from eyeful.bundle import Manifest
    from eyeful.engines import Engine, Outputs
    from eyeful.predictor.spec import PredictorSpec
    from eyeful.preprocessing import Preprocessing
    from eyeful.results import Hierarchy
    from eyeful.types import Item


_WITHOUT_THE_ENGINE = {
    *(
        "topk",
        "min_prob",
        "sure",
        "calibration",
        "activation",
        "max_pixels",
        "max_aspect",
        "batch_size",
        "workers",
    ),
    *("full_decode", "two_step_resize", "ignore_profile", "crop_mode", "crop_pct", "interpolation"),
}
"""Options of a spec that a loaded engine does not know of."""


class Predictor:
    """Preprocess, forward, postprocess. No threads of its own, no order; safe to use from any thread.

    Attributes:
        spec: what it is, pinned: it opens the very same again, in another process too.
        manifest: what the model is.
        calibration: what is promised of its answers; None without one.
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
        self.manifest = manifest.with_activation(spec.activation)
        self.preprocessing = preprocessing or manifest.preprocessing
        self.spec = spec
        found = manifest.calibration if spec.calibration is None else spec.calibration
        self.calibration = Calibration.from_dict(found) if found else None
        ways = (spec.full_decode, spec.two_step_resize, spec.ignore_profile)
        self.preprocessor = Preprocessor(self.preprocessing, spec.limits, *ways)
        self.spec = replace(spec, pinned=self._pins())
        if self.calibration is not None:
            self.calibration.check(self.provenance)
        self._fp32 = LazyEngine(open_fp32) if open_fp32 is not None else None
        self._open_network = open_network
        if spec.sure is not None:
            _ = self.hierarchy  # refused now where there is none, not at the first image

    @classmethod
    def open(cls, spec: PredictorSpec) -> Self:
        """The predictor that a spec describes; weights are fetched and prepared at first use.

        Raises:
            UsageError: parts of the spec contradict each other, or its calibration is another model's.
            ModelError: the model cannot be had, or is not the one that the spec is pinned to.
            EngineError: it cannot run as asked.
            MissingExtraError: something must be installed first; the text says how.
        """
        from eyeful.predictor.open import parts_of

        spec = spec.as_pinned().with_absolute_paths()
        parts = parts_of(spec)
        try:
            predictor = cls(spec, **parts)
        except EyefulError:
            parts["engine"].close()
            raise
        predictor.check_pinned(spec)
        return predictor

    def with_options(self, **options: Any) -> Predictor:
        """The same engine under other options of its spec; closing either closes the engine of both.

        Raises:
            UsageError: an option that decides the engine, or none at all, or that the calibration is not made for.
        """
        other = sorted(set(options) - _WITHOUT_THE_ENGINE)
        if other:
            raise UsageError(f"{other[0]} cannot be changed in a loaded model: pass it to eyeful.load")
        spec = replace(self.spec, **options)
        preprocessing = spec.applied_to(self.manifest.preprocessing)
        again = Predictor(spec, self.engine, self.manifest, preprocessing, open_network=self._open_network)
        again._fp32 = self._fp32
        return again

    def preprocess(self, item: Item, thumbnail: int = 0) -> PreprocessedImage:
        """The first stage: open one image and make the network's input of it. Never raises: an error is a value.

        Args:
            item: what to open.
            thumbnail: longest side of the small copy that sinks may show, in pixels; 0 for none.
        """
        return self.preprocessor(item, thumbnail)

    def forward(self, batch_NHWC: NDArray[np.uint8]) -> Future[Outputs]:
        """The second stage: the network, on a batch of preprocessed images. See `engines.base`.

        The batch is the engine's until the future resolves. What is no such batch fails as the engine would.
        """
        height, width = self.preprocessing.size
        if batch_NHWC.dtype != np.uint8 or batch_NHWC.shape[1:] != (height, width, 3):
            found = f"{batch_NHWC.dtype} {batch_NHWC.shape}"
            return failed(EngineError(f"a batch is uint8 (N, {height}, {width}, 3), not {found}"))
        return self.engine.submit(np.ascontiguousarray(batch_NHWC))

    def postprocess(
        self,
        image: PreprocessedImage,
        logits_K: NDArray[np.float32],
        features_D: NDArray[np.float32] | None = None,
        *,
        topk: int | None = None,
        sure: float | None = None,
    ) -> Prediction:
        """The third stage: the row of one image, from what the network said of it.

        Args:
            image: what the first stage gave.
            logits_K: what the second stage gave for it.
            features_D: the same.
            topk: labels in the answer; the spec's when None.
            sure: what a group must hold of the probability, 0.5 to 1, for a model that has a `hierarchy`; the
                spec's when None.
        """
        sure = self.spec.sure if sure is None else sure
        if not np.isfinite(logits_K).all():
            logits_K, features_D = self._in_fp32(image, logits_K, features_D)
        activation = self.manifest.activation
        if fault := why_no_probabilities(logits_K, activation):
            return image.as_error(ImageError("nonfinite", fault))
        labels, found = self.manifest.labels, self.calibration
        temperature = 1.0 if found is None else found.temperature
        coverage = None if found is None else found.coverage
        top = rank(logits_K, labels, topk or self.spec.topk, activation, temperature)
        group = likely = None
        if sure is not None:
            group = self.hierarchy.group(probabilities(logits_K, activation, temperature), sure)
        if coverage is not None:
            likely = prediction_set(logits_K, labels, coverage.threshold, temperature)
        return Prediction(
            filename=image.item.filename,
            top=top,
            abstained=is_guess(top[0], max(self.spec.min_prob, 0.0 if found is None else found.least_prob)),
            warnings=image.warnings,
            columns=image.item.columns,
            sure=sure,
            group=group,
            prediction_set=likely,
            temperature=temperature,
            logits=logits_K,
            activation=activation,
            features=features_D,
            item=image.item,
            thumbnail=image.thumbnail,
        )

    @cached_property
    def hierarchy(self) -> Hierarchy:
        """The WordNet tree above the model's labels.

        Raises:
            UsageError: there is none, or the model's probabilities cannot be added up.
        """
        return hierarchy_for(self.manifest.labels, self.manifest.activation)

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
        self.engine.close()
        if self._fp32 is not None:
            self._fp32.close()

    @property
    def provenance(self) -> dict[str, Any]:
        """What decides the answers, and where the model comes from; plain JSON values."""
        pins = self._pins()
        return {
            "model": self.manifest.title,
            "architecture": self.manifest.architecture,
            **pins,
            "weights": self.manifest.weights,
            "quantization": self._quantization(),
            "decode": "full" if self.spec.full_decode else "reduced",
            "resize": "two steps" if self.spec.two_step_resize else "one step",
            "colour_profile": "ignored" if self.spec.ignore_profile else "converted",
            "device": self.engine.device,
            "tuning": self.manifest.tuning,
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
        return {
            "weights": self.manifest.weights["sha256"],
            "preprocessing": self.preprocessing.as_dict(),
            "colour_policy": COLOUR_POLICY,
            "resizer": self.preprocessor.resizer,
            "engine": self.engine.name,
            "precision": self.engine.precision,
            "activation": self.manifest.activation,
            "quantization": self.manifest.quantization,
            "calibration": self.calibration and self.calibration.to_dict(),
            "labels_sha256": self.manifest.labels.sha256,
        }

    def _quantization(self) -> dict[str, Any] | None:
        """How an int8 network was made and judged, how fast it is here; where it was refused, why."""
        if self.spec.int8 is None:
            return self.manifest.quantization
        return (self.manifest.quantization or {}) | self.spec.int8

    def _in_fp32(
        self, image: PreprocessedImage, logits_K: NDArray[np.float32], features_D: NDArray[np.float32] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """The outputs for one image once more, where half precision overflowed."""
        if self.engine.precision == "fp32" or self._fp32 is None or image.pixels_HWC is None:
            return logits_K, features_D
        return self._fp32.open().submit(image.pixels_HWC[None]).result().row(0)
