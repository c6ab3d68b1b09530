"""OpenVINO: the default on CPUs. Runs a bundle without torch; normalisation lies inside its graph."""

from concurrent.futures import Future
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from eyeful.bundle import Bundle
from eyeful.engines.base import Precision
from eyeful.errors import EngineError

GRAPH = "model.xml"

_TYPES = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}
"""Precisions by OpenVINO's names."""


class OpenVINOEngine:
    """Batches run asynchronously, as many at once as OpenVINO finds best for this CPU.

    Args:
        bundle: prepared for this engine.
        precision: None lets OpenVINO choose what the CPU does natively (bf16 with AMX or AVX512-BF16, else fp32).

    Raises:
        EngineError: the graph cannot be compiled, or the precision is not to be had on this CPU.
    """

    name: str = "openvino"
    device: str = "cpu"

    def __init__(self, bundle: Bundle, precision: Precision | None = None) -> None:
        config = {"PERFORMANCE_HINT": "THROUGHPUT"}
        if precision is not None:
            config["INFERENCE_PRECISION_HINT"] = _TYPES[precision]
        try:
            compiled = ov.Core().compile_model(bundle.folder / GRAPH, "CPU", config)
            self.precision: str = _precision_of(compiled)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO cannot run {bundle.passport.model}: {_first_line(error)}") from error
        if precision not in (None, self.precision):
            raise EngineError(
                f"this CPU runs {self.precision}, not {precision}: --precision auto or {self.precision}"
            )
        self._queue = ov.AsyncInferQueue(compiled)
        self._queue.set_callback(_deliver)
        self.capacity = len(self._queue) + 1

    def submit(self, batch_NHWC: NDArray[np.uint8]) -> "Future[NDArray[np.float32]]":
        """Start one batch; see `Engine.submit`."""
        future: Future[NDArray[np.float32]] = Future()
        try:
            self._queue.start_async({0: batch_NHWC}, future)
        except RuntimeError as error:
            future.set_exception(EngineError(f"OpenVINO failed: {_first_line(error)}"))
        return future

    def close(self) -> None:
        """Wait for what is in flight."""
        self._queue.wait_all()


def _precision_of(compiled: Any) -> str:
    element_type = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    return {"f32": "fp32", "bf16": "bf16", "f16": "fp16"}[element_type]


def _deliver(request: Any, future: "Future[NDArray[np.float32]]") -> None:
    future.set_result(np.array(request.get_output_tensor(0).data, dtype=np.float32))


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[-1][:300]
