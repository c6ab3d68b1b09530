"""What every engine is: one method."""

from concurrent.futures import Future
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

EngineName = Literal["torch", "openvino"]
Precision = Literal["fp32", "bf16", "fp16"]


class Engine(Protocol):
    """Runs a model: batch_NHWC in, logits_NK out.

    Attributes:
        name: "torch" or "openvino".
        device: where it runs, as torch names devices.
        precision: the arithmetic that really runs.
        capacity: how many batches are worth keeping in flight.
    """

    name: str
    device: str
    precision: str
    capacity: int

    def submit(self, batch_NHWC: NDArray[np.uint8]) -> "Future[NDArray[np.float32]]":
        """Start one batch; the future holds its logits_NK, float32, or an EngineError.

        May block while `capacity` batches are in flight. Safe to call from one thread at a time.
        """
        ...

    def close(self) -> None:
        """Wait for what is in flight and free the device. Idempotent."""
        ...
