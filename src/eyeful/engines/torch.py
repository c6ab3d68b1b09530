"""torch: the reference engine, on CPU, CUDA and MPS. Eval mode, inference mode, no weight ever changes."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, ClassVar

from eyeful.cpu import make_torch_safe_after_fork
from eyeful.engines.base import ModuleFamily, Outputs, Precision, ThreadedEngine
from eyeful.errors import EngineError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn


class TorchFamily(ModuleFamily):
    """torch on CPUs, and on CUDA and Apple GPUs. Its bundles hold weights; `prepare.torch` builds around them."""

    name: ClassVar[str] = "torch"
    modules: ClassVar[tuple[str, ...]] = ("torch",)
    devices: ClassVar[tuple[str, ...]] = ("cpu", "cuda", "mps")
    precisions: ClassVar[tuple[Precision, ...]] = ("fp32", "bf16", "fp16")

    def open_module(
        self, network: nn.Module, device: str, precision: Precision | None, threads: int, *, compiled: bool = False
    ) -> TorchEngine:
        """Run a network; see `ModuleFamily.open_module`."""
        return TorchEngine(network, device, precision, threads, compiled=compiled)


FAMILY = TorchFamily()


class TorchEngine(ThreadedEngine):
    """Worker threads feed the device, batch after batch: one, or two on a GPU in half precision.

    There each worker has a CUDA stream of its own, so that one copies its images in and its answers out while the
    other computes.

    Args:
        network: pixels_NHWC uint8 in; logits_NK, or logits_NK and features_ND, out. The engine lays out its
            weights.
        device: cpu, cuda:N or mps.
        precision: None: bf16 or fp16 on a CUDA device that does it natively, else fp32.
        threads: the most that torch may use in this process, if it uses more now.
        compiled: compile the network with `torch.compile` at the first batch.

    Raises:
        EngineError: the precision is not to be had on this device.
    """

    name: ClassVar[str] = "torch"

    def __init__(
        self,
        network: nn.Module,
        device: str = "cpu",
        precision: Precision | None = None,
        threads: int = 0,
        *,
        compiled: bool = False,
    ) -> None:
        import torch

        self._torch = torch
        self.device = device
        self.precision = precision or _native_precision(device)
        if device == "cpu" and self.precision == "fp16":
            raise EngineError("torch does not run fp16 on a CPU: --precision bf16 or fp32")
        self._device = torch.device(device)
        self._on_cuda = self._device.type == "cuda"
        self._half = self.precision != "fp32"
        self._threads = threads
        self.batch_size = 64 if self._on_cuda else 8
        # Channels last is what half-precision convolutions want; the reference stays with torch's own order.
        layout: Any = torch.channels_last if self._half else torch.contiguous_format
        network = network.to(self._device).to(memory_format=layout)  # type: ignore[call-overload]
        network.memory_format = layout
        self._compiled = compiled
        self._network: Any = torch.compile(network) if compiled else network
        if self._on_cuda:
            torch.cuda.synchronize(self._device)  # the weights are there before other streams use them
        super().__init__(2 if self._on_cuda and self._half else 1)

    def _enter_worker(self) -> None:
        """A worker's own bounds and its own CUDA stream, for all that it does."""
        torch = self._torch
        if 0 < self._threads < torch.get_num_threads():
            torch.set_num_threads(self._threads)
        make_torch_safe_after_fork()
        if self._on_cuda:
            torch.cuda.set_stream(torch.cuda.Stream(self._device))

    def _run(self, batch_NHWC: NDArray[np.uint8]) -> Outputs:
        with suppress(self._torch.OutOfMemoryError):
            return self._outputs(batch_NHWC)
        # Outside the block: its error, and so the memory of what it was computing, are gone.
        self._torch.cuda.empty_cache()
        raise EngineError(
            f"{self.device} has too little free memory for a batch of {len(batch_NHWC)}: a smaller --batch-size"
        )

    def _outputs(self, batch_NHWC: NDArray[np.uint8]) -> Outputs:
        torch = self._torch
        with torch.inference_mode(), self._arithmetic():
            pixels_NHWC = self._on_device(torch.from_numpy(batch_NHWC))
            if self._compiled:
                torch._dynamo.maybe_mark_dynamic(pixels_NHWC, 0)  # noqa: SLF001 - documented, in spite of its name
            found = self._network(pixels_NHWC)
            outputs = (found,) if isinstance(found, torch.Tensor) else found
            return Outputs(*(output.float().cpu().numpy() for output in outputs))

    def _on_device(self, pixels_NHWC: Tensor) -> Tensor:
        """From page-locked memory a copy to a GPU runs beside other work."""
        return (pixels_NHWC.pin_memory() if self._on_cuda else pixels_NHWC).to(self._device, non_blocking=True)

    def _arithmetic(self) -> AbstractContextManager[object]:
        """Half precision by autocast; or true fp32, without TF32, set by one worker only since it is global."""
        torch = self._torch
        if self._half:
            half = torch.bfloat16 if self.precision == "bf16" else torch.float16
            autocast: AbstractContextManager[object] = torch.autocast(self._device.type, dtype=half)
            return autocast
        if self._on_cuda:
            exact: AbstractContextManager[object] = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
            return exact
        return nullcontext()


def _native_precision(device: str) -> Precision:
    import torch

    if not device.startswith("cuda"):
        return "fp32"
    return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
