"""What every engine is: one method."""

from concurrent.futures import Future
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

EngineName = Literal["torch", "openvino", "onnxruntime"]
Precision = Literal["fp32", "bf16", "fp16"]
"""What an engine can be asked for. int8 is not asked of an engine: it is made, with images, into a bundle."""


class Engine(Protocol):
    """Runs a model: batch_NHWC in, logits_NK out.

    Attributes:
        name: "torch", "openvino" or "onnxruntime".
        device: where it runs, as torch names devices.
        precision: the arithmetic that really runs.
        capacity: how many batches are worth keeping in flight.
        batch_size: how many images in a batch suit it.
    """

    name: str
    device: str
    precision: str
    capacity: int
    batch_size: int

    def submit(self, batch_NHWC: NDArray[np.uint8]) -> "Future[NDArray[np.float32]]":
        """Start one batch; the future holds its logits_NK, float32, or an EngineError.

        May block while `capacity` batches are in flight. Safe to call from one thread at a time.
        """
        ...

    def close(self) -> None:
        """Wait for what is in flight and free the device. Idempotent."""
        ...
