"""ONNX Runtime: runs a bundle's ONNX file on CPUs, in fp32. The same file runs outside eyeful, too."""

from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from eyeful.bundle import Bundle
from eyeful.errors import EngineError, one_line
from eyeful.extras import require

GRAPH = "model.onnx"


class OnnxRuntimeEngine:
    """One worker thread feeds ONNX Runtime, which spreads each batch over the cores.

    Args:
        bundle: prepared for this engine.

    Raises:
        EngineError: the graph cannot be loaded.
        MissingExtraError: ONNX Runtime is not installed.
    """

    name: str = "onnxruntime"
    device: str = "cpu"
    precision: str = "fp32"
    capacity: int = 2
    batch_size: int = 8

    def __init__(self, bundle: Bundle) -> None:
        onnxruntime = require("onnxruntime", "this model")
        onnxruntime.disable_telemetry_events()
        try:
            self._session = onnxruntime.InferenceSession(bundle.folder / GRAPH, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise EngineError(
                f"ONNX Runtime cannot run {bundle.manifest.model}: {one_line(error, 300)}"
            ) from error
        self._input = self._session.get_inputs()[0].name
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="eyeful-onnxruntime")

    def submit(self, batch_NHWC: NDArray[np.uint8]) -> "Future[NDArray[np.float32]]":
        """Start one batch; see `Engine.submit`."""
        return self._worker.submit(self._run, batch_NHWC)

    def close(self) -> None:
        """Wait for what is in flight."""
        self._worker.shutdown()

    def _run(self, batch_NHWC: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            logits_NK: NDArray[np.float32] = self._session.run(None, {self._input: batch_NHWC})[0]
        except Exception as error:
            raise EngineError(f"ONNX Runtime failed: {one_line(error, 300)}") from error
        return logits_NK
