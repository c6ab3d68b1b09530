"""A network with what belongs to it, and its forward pass in fp32."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import torch

from eyeful.images import Limits
from eyeful.predictor import Predictor, Preprocessor
from eyeful.prepare.normalise import Normalise
from eyeful.preprocessing import Preprocessing
from eyeful.types import Activation, Labels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A loaded network, for looking inside; on the CPU, in eval mode, never changed.

    Attributes:
        name: the model's full name.
        module: logits_NK from normalised images NCHW.
        preprocessing: its preprocessing.
        labels: its answers, by position.
        activation: what makes probabilities of its logits.
        temperature: what a calibration divides these by first; 1 without one.
        limits: what an image may cost.
        taught: its last label is "none of these".
        lock: held while hooks are in its layers.
    """

    name: str
    module: nn.Module
    preprocessing: Preprocessing
    labels: Labels
    activation: Activation = "softmax"
    temperature: float = 1.0
    limits: Limits = field(default_factory=Limits)
    taught: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, predictor: Predictor) -> Self:
        """The network behind a predictor.

        Raises:
            ModelError: it is not to be had for torch.
        """
        manifest = predictor.manifest
        return cls(
            manifest.title,
            predictor.open_network(),
            predictor.preprocessing,
            manifest.labels,
            manifest.activation,
            predictor.calibration.temperature if predictor.calibration else 1.0,
            predictor.spec.limits,
            manifest.taught is not None,
        )

    @property
    def preprocessor(self) -> Preprocessor:
        """The exact way from an image to the network's input."""
        return Preprocessor(
            self.preprocessing, self.limits, full_decode=True, two_step_resize=True, ignore_profile=True
        )

    def normalised(self, pixels_HWC: NDArray[np.uint8]) -> Tensor:
        """What the first layer takes: (1, 3, H, W) float32, minus the mean, over the standard deviation."""
        normalised: Tensor = Normalise(self.preprocessing)(torch.from_numpy(pixels_HWC.copy())[None])
        return normalised

    def logits(self, pixels_HWC: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Raw scores (K,) of a preprocessed image."""
        with torch.inference_mode():
            logits_K: NDArray[np.float32] = self.module(self.normalised(pixels_HWC))[0].float().numpy()
        return logits_K
