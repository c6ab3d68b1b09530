"""OpenVINO: the default on CPUs. Runs a bundle without torch; normalisation lies inside its graph."""

import hashlib
import json
import threading
import weakref
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eyeful.bundle import Bundle, read_bundle, write_bundle
from eyeful.cache import cache_folder
from eyeful.engines.base import Precision
from eyeful.engines.openvino_import import import_openvino
from eyeful.errors import BundleError, EngineError

ov = import_openvino()

GRAPH = "model.xml"
_COMPILED = "compiled.blob"

_TYPES = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}
"""Precisions by OpenVINO's names."""


class OpenVINOEngine:
    """Batches run asynchronously, as many at once as OpenVINO finds best for this CPU.

    Args:
        bundle: prepared for this engine.
        precision: None lets OpenVINO choose what the CPU does natively (bf16 with AMX or AVX512-BF16, else fp32).
            An int8 bundle runs as it was made.

    Raises:
        EngineError: the graph cannot be compiled, or the precision is not to be had on this CPU.
    """

    name: str = "openvino"
    device: str = "cpu"
    batch_size: int = 8

    def __init__(self, bundle: Bundle, precision: Precision | None = None) -> None:
        config = {"PERFORMANCE_HINT": "THROUGHPUT"}
        if precision is not None:
            config["INFERENCE_PRECISION_HINT"] = _TYPES[precision]
        try:
            compiled = _compiled(bundle, config)
            native = _precision_of(compiled)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO cannot run {bundle.manifest.model}: {_first_line(error)}") from error
        if precision not in (None, native):
            raise EngineError(f"this CPU runs {native}, not {precision}: --precision auto or {native}")
        self.precision: str = "int8" if bundle.manifest.precision == "int8" else native
        self._queue = ov.AsyncInferQueue(compiled)
        self._queue.set_callback(_deliver)
        self.capacity = len(self._queue) + 1
        # A callback that still runs when Python ends, or when the queue is freed, aborts the process.
        weakref.finalize(self, self._queue.wait_all)
        self._turn = threading.Lock()

    def submit(self, batch_NHWC: NDArray[np.uint8]) -> "Future[NDArray[np.float32]]":
        """Start one batch; see `Engine.submit`."""
        future: Future[NDArray[np.float32]] = Future()
        try:
            with self._turn:  # the queue is for one thread; a server has two, its own and its page's
                self._queue.start_async({0: batch_NHWC}, (future, batch_NHWC), share_inputs=True)
        except RuntimeError as error:
            future.set_exception(EngineError(f"OpenVINO failed: {_first_line(error)}"))
        return future

    def close(self) -> None:
        """Wait for what is in flight."""
        self._queue.wait_all()


def _compiled(bundle: Bundle, config: dict[str, str]) -> Any:
    """The graph compiled for this CPU; in native precision it is cached, as OpenVINO exports it, as a bundle.

    OpenVINO's `CACHE_DIR` does the same, but would run a damaged file; a bundle is checked when it is read.
    """
    core = ov.Core()
    if "INFERENCE_PRECISION_HINT" in config:  # asked for by hand, perhaps once
        return core.compile_model(bundle.folder / GRAPH, "CPU", config)
    facts = [bundle.manifest.files, config, ov.__version__, core.get_property("CPU", "FULL_DEVICE_NAME")]
    facts.append(sorted(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")))
    digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]
    folder = cache_folder() / "compiled" / digest
    with suppress(BundleError, RuntimeError):
        blob = read_bundle(folder).folder / _COMPILED
        return core.import_model(BytesIO(blob.read_bytes()), "CPU", config)
    compiled = core.compile_model(bundle.folder / GRAPH, "CPU", config)

    def write(place: Path) -> None:
        (place / _COMPILED).write_bytes(compiled.export_model().getvalue())

    with suppress(BundleError):  # it was only to be faster next time
        write_bundle(folder, replace(bundle.manifest, files={}), write)
    return compiled


def _precision_of(compiled: Any) -> str:
    element_type = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    return {"f32": "fp32", "bf16": "bf16", "f16": "fp16"}[element_type]


def _deliver(request: Any, submitted: "tuple[Future[NDArray[np.float32]], NDArray[np.uint8]]") -> None:
    future, _ = submitted  # the pixels are not copied, so they must live until here
    future.set_result(np.array(request.get_output_tensor(0).data, dtype=np.float32))


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[-1][:300]
