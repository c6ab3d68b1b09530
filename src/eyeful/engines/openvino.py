"""OpenVINO: the default on CPUs. Runs a bundle without torch; normalisation lies inside its graph."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from functools import partial
from io import BytesIO
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from eyeful.bundle import Bundle, Manifest, read_bundle, write_bundle
from eyeful.cache import cache_folder, digest_of
from eyeful.engines.base import Outputs, Precision, ThreadedEngine
from eyeful.engines.tunable import DEFAULT_SETTINGS, Settings, TunableFamily
from eyeful.errors import BundleError, EngineError, one_line
from eyeful.openvino_import import import_openvino

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

    from eyeful.bundle import TaughtHead
    from eyeful.graph_file import Graph

GRAPH = "model.xml"
_COMPILED = "compiled.blob"

_TYPES = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}
"""Precisions by OpenVINO's names."""


class OpenVINOFamily(TunableFamily):
    """OpenVINO on CPUs."""

    name: ClassVar[str] = "openvino"
    modules: ClassVar[tuple[str, ...]] = ("openvino",)
    precisions: ClassVar[tuple[Precision, ...]] = ("fp32", "bf16", "fp16")
    tools: ClassVar[tuple[str, ...]] = ("openvino",)

    def write(self, network: nn.Module, manifest: Manifest, folder: Path) -> None:
        """Write the graph; see `ConvertedFamily.write`."""
        from eyeful.engines.openvino_convert import convert

        convert(network, manifest, folder / GRAPH)

    def write_graph(self, graph: Graph, manifest: Manifest, folder: Path) -> None:
        """Put normalisation in front of a file's network; see `ConvertedFamily.write_graph`."""
        from eyeful.engines.openvino_graph import write

        write(graph, manifest, folder / GRAPH)

    def write_taught(self, bundle: Bundle, head: TaughtHead, manifest: Manifest, folder: Path) -> None:
        """Put a head on a bundle's graph; see `ConvertedFamily.write_taught`."""
        from eyeful.engines.openvino_head import write

        del manifest  # the graph has no names of labels in it
        write(bundle.folder / GRAPH, head, bundle.manifest.title, folder / GRAPH)

    def settings_to_try(self, threads: int) -> tuple[Settings, ...]:
        """Other batches, and one stream, in which all threads compute one batch; see `TunableFamily`."""
        one_stream = (Settings(streams=1, batch_size=8),) if threads > 1 else ()
        return (Settings(batch_size=4), *one_stream, Settings(batch_size=16))

    def open(
        self,
        bundle: Bundle,
        device: str,
        precision: Precision | None,
        threads: int,
        settings: Settings = DEFAULT_SETTINGS,
        *,
        cached: bool = True,
    ) -> OpenVINOEngine:
        """Compile the graph; see `TunableFamily.open`."""
        del device  # the CPU is its only one
        return OpenVINOEngine(bundle, precision, threads, settings, cached=cached)


FAMILY = OpenVINOFamily()


class OpenVINOEngine(ThreadedEngine):
    """As many batches at once as OpenVINO expects to be best for this CPU.

    Args:
        bundle: prepared for this engine.
        precision: None lets OpenVINO choose what the CPU does natively (bf16 with AMX or AVX512-BF16, else fp32).
            An int8 bundle runs as it was made.
        threads: the most that it may use.
        settings: how many batches at once instead, and of how many images.
        cached: keep what is compiled for the next run.

    Raises:
        EngineError: the graph cannot be compiled, or the precision is not to be had on this CPU.
    """

    name: ClassVar[str] = "openvino"

    def __init__(
        self,
        bundle: Bundle,
        precision: Precision | None,
        threads: int,
        settings: Settings = DEFAULT_SETTINGS,
        *,
        cached: bool = True,
    ) -> None:
        config: dict[str, Any] = {"PERFORMANCE_HINT": "THROUGHPUT"}
        if settings.streams:
            config = {"NUM_STREAMS": settings.streams}
        self.batch_size = settings.batch_size or self.batch_size
        if threads < (os.cpu_count() or 1):  # OpenVINO itself counts cores, but knows no quota
            config["INFERENCE_NUM_THREADS"] = threads
        if precision is not None:
            config["INFERENCE_PRECISION_HINT"] = _TYPES[precision]
        try:
            self._compiled: Any = _compiled(bundle, config, cached=cached)
            native = _precision_of(self._compiled)
            workers = int(self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        except RuntimeError as error:
            raise EngineError(f"OpenVINO cannot run {bundle.manifest.title}: {one_line(error, 300)}") from error
        if precision not in (None, native):
            raise EngineError(f"this CPU runs {native}, not {precision}: --precision auto or {native}")
        self.precision = "int8" if bundle.manifest.precision == "int8" else native
        self._idle: SimpleQueue[Any] = SimpleQueue()
        for _ in range(workers):
            self._idle.put(self._compiled.create_infer_request())
        super().__init__(workers)

    def close(self) -> None:
        """Wait for what is in flight, and let go of the graph: on Windows a file that is mapped stays."""
        super().close()
        if os.getpid() == self._process:
            self._idle, self._compiled = SimpleQueue(), None

    def _begin(self, batch_NHWC: NDArray[np.uint8]) -> Callable[[], Outputs] | None:
        """Start a batch without waiting for a worker, which may have to wait for Python's lock."""
        try:
            request = self._idle.get_nowait()
        except Empty:
            return None
        self._start(request, batch_NHWC)
        return partial(self._finish, request, batch_NHWC)

    def _run(self, batch_NHWC: NDArray[np.uint8]) -> Outputs:
        try:
            request = self._idle.get_nowait()
        except Empty:
            request = self._compiled.create_infer_request()
        self._start(request, batch_NHWC)
        return self._finish(request, batch_NHWC)

    def _start(self, request: Any, batch_NHWC: NDArray[np.uint8]) -> None:
        try:
            request.start_async({0: batch_NHWC}, share_inputs=True)
        except RuntimeError as error:
            raise _failure(error) from error

    def _finish(self, request: Any, batch_NHWC: NDArray[np.uint8]) -> Outputs:
        try:
            request.wait()
        except RuntimeError as error:
            raise _failure(error) from error
        del batch_NHWC  # its memory was the request's until now
        found = [
            np.array(request.get_output_tensor(n).data, np.float32) for n in range(len(request.output_tensors))
        ]
        self._idle.put(request)  # one that failed is not used again
        return Outputs(*found)


def _failure(error: RuntimeError) -> EngineError:
    """OpenVINO's first lines say where in its source, its last one why."""
    return EngineError(f"OpenVINO failed: {str(error).strip().splitlines()[-1][:300]}")


def _compiled(bundle: Bundle, config: dict[str, Any], *, cached: bool) -> Any:
    """The graph compiled for this CPU; in native precision it is cached, as OpenVINO exports it, as a bundle.

    OpenVINO's `CACHE_DIR` does the same, but would run a damaged file; a bundle is checked when it is read.
    """
    ov = import_openvino()
    core = ov.Core()
    if not cached or "INFERENCE_PRECISION_HINT" in config:  # asked for by hand, perhaps once
        return core.compile_model(bundle.folder / GRAPH, "CPU", config)
    facts = [bundle.manifest.files, config, ov.__version__, core.get_property("CPU", "FULL_DEVICE_NAME")]
    facts.append(sorted(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")))
    folder = cache_folder() / "compiled" / digest_of(facts)
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
