"""ONNX Runtime: runs a bundle's ONNX file on CPUs, in fp32. The same file runs outside eyeful, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from eyeful.engines.base import Outputs, Precision, ThreadedEngine
from eyeful.engines.tunable import DEFAULT_SETTINGS, Settings, TunableFamily
from eyeful.errors import EngineError, one_line
from eyeful.extras import require

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from eyeful.bundle import Bundle, Manifest, TaughtHead
    from eyeful.graph_file import Graph

GRAPH = "model.onnx"


class OnnxRuntimeFamily(TunableFamily):
    """ONNX Runtime on CPUs."""

    name: ClassVar[str] = "onnxruntime"
    modules: ClassVar[tuple[str, ...]] = ("onnxruntime",)
    tools: ClassVar[tuple[str, ...]] = ("onnxscript",)

    def write(self, network: nn.Module, manifest: Manifest, folder: Path) -> None:
        """Write the ONNX file; see `ConvertedFamily.write`."""
        require("onnxscript", "an ONNX file")
        require("onnxruntime", "an ONNX file")
        from eyeful.engines.onnx_convert import convert

        convert(network, manifest, folder / GRAPH)

    def write_graph(self, graph: Graph, manifest: Manifest, folder: Path) -> None:
        """Put normalisation in front of a file's network; see `ConvertedFamily.write_graph`."""
        require("onnx", "an ONNX file")
        require("onnxruntime", "an ONNX file")
        from eyeful.engines.onnx_graph import write

        write(graph, manifest, folder / GRAPH)

    def write_taught(self, bundle: Bundle, head: TaughtHead, manifest: Manifest, folder: Path) -> None:
        """Put a head on a bundle's graph; see `ConvertedFamily.write_taught`."""
        require("onnx", "an ONNX file")
        require("onnxruntime", "an ONNX file")
        from eyeful.engines.onnx_head import write

        write(bundle.folder / GRAPH, head, bundle.manifest.title, manifest, folder / GRAPH)

    def settings_to_try(self, threads: int) -> tuple[Settings, ...]:
        """Other batches; it computes one at a time; see `TunableFamily`."""
        del threads
        return tuple(Settings(batch_size=size) for size in (4, 16))

    def open(
        self,
        bundle: Bundle,
        device: str,
        precision: Precision | None,
        threads: int,
        settings: Settings = DEFAULT_SETTINGS,
        *,
        cached: bool = True,
    ) -> OnnxRuntimeEngine:
        """Load the ONNX file; see `TunableFamily.open`."""
        del device, precision, cached  # the CPU in fp32 is all that it does, and it compiles nothing
        return OnnxRuntimeEngine(bundle, threads, settings.batch_size)


FAMILY = OnnxRuntimeFamily()


class OnnxRuntimeEngine(ThreadedEngine):
    """One worker thread feeds ONNX Runtime, which spreads each batch over the cores.

    Args:
        bundle: prepared for this engine.
        threads: the most that it may use.
        batch_size: images in a batch; 0: its own choice.

    Raises:
        EngineError: the graph cannot be loaded.
        MissingExtraError: ONNX Runtime is not installed.
    """

    name: ClassVar[str] = "onnxruntime"

    def __init__(self, bundle: Bundle, threads: int, batch_size: int = 0) -> None:
        self.batch_size = batch_size or self.batch_size
        onnxruntime = require("onnxruntime", "this model")
        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what fails is raised; it need not be on stderr too
        try:
            self._session = onnxruntime.InferenceSession(
                bundle.folder / GRAPH, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise EngineError(
                f"ONNX Runtime cannot run {bundle.manifest.title}: {one_line(error, 300)}"
            ) from error
        self._input = self._session.get_inputs()[0].name
        super().__init__()

    def _run(self, batch_NHWC: NDArray[np.uint8]) -> Outputs:
        return Outputs(*self._session.run(None, {self._input: batch_NHWC}))
