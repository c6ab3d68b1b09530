"""torch: the reference engine, on CPU, CUDA and MPS. Eval mode, inference mode, no weight ever changes."""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eyeful.engines.base import Precision
from eyeful.errors import EngineError
from eyeful.preprocessing import Preprocessing

_DTYPES: dict[str, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class TorchEngine:
    """Worker threads feed the device, batch after batch: one, or two on a GPU in half precision.

    There each worker has a CUDA stream of its own, so that one copies its images in and its answers out while
    the other computes.

    Args:
        module: the network: logits_NK from normalised images NCHW float32.
        preprocessing: for its mean and std.
        device: cpu, cuda:N or mps.
        precision: None: bf16 or fp16 on a CUDA device that does it natively, else fp32.
        torchcompile: compile the network with `torch.compile` at the first batch.

    Raises:
        EngineError: the precision is not to be had on this device.
    """

    name: str = "torch"

    def __init__(
        self,
        module: nn.Module,
        preprocessing: Preprocessing,
        device: str = "cpu",
        precision: Precision | None = None,
        *,
        torchcompile: bool = False,
    ) -> None:
        self.device = device
        self.precision: str = precision or _native_precision(device)
        if device == "cpu" and self.precision == "fp16":
            raise EngineError("torch does not run fp16 on a CPU: --precision bf16 or fp32")
        self._device = torch.device(device)
        self._on_cuda = self._device.type == "cuda"
        self._half = self.precision != "fp32"
        workers = 2 if self._on_cuda and self._half else 1
        self.capacity = workers + 1
        self.batch_size = 64 if self._on_cuda else 8
        # Channels last is what half-precision convolutions want; the reference keeps torch's own order.
        self._layout = torch.channels_last if self._half else torch.contiguous_format
        module = module.to(self._device).to(memory_format=self._layout)  # type: ignore[call-overload]
        self._torchcompile = torchcompile
        self._module = torch.compile(module) if torchcompile else module
        self._mean = torch.tensor(preprocessing.mean, device=self._device).view(1, 3, 1, 1)
        self._std = torch.tensor(preprocessing.std, device=self._device).view(1, 3, 1, 1)
        if self._on_cuda:
            torch.cuda.synchronize(self._device)  # the weights are there before other streams use them
        self._worker = ThreadPoolExecutor(workers, "eyeful-torch", self._enter_stream)

    def submit(self, batch_NHWC: NDArray[np.uint8]) -> "Future[NDArray[np.float32]]":
        """Start one batch; see `Engine.submit`."""
        return self._worker.submit(self._run, batch_NHWC)

    def close(self) -> None:
        """Wait for what is in flight."""
        self._worker.shutdown()

    def _enter_stream(self) -> None:
        """A worker thread's own CUDA stream, for all that it does."""
        if self._on_cuda:
            torch.cuda.set_stream(torch.cuda.Stream(self._device))  # type: ignore[no-untyped-call]

    def _run(self, batch_NHWC: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            with torch.inference_mode(), self._arithmetic():
                x_NCHW = self.normalised(self._on_device(torch.from_numpy(batch_NHWC)))
                if self._torchcompile:
                    torch._dynamo.maybe_mark_dynamic(x_NCHW, 0)  # noqa: SLF001 - documented, in spite of its name
                result: NDArray[np.float32] = self._module(x_NCHW).float().cpu().numpy()
                return result
        except RuntimeError as error:
            raise EngineError(f"torch failed on {self.device}: {str(error).splitlines()[0][:300]}") from error

    def _on_device(self, batch_NHWC: Tensor) -> Tensor:
        """From page-locked memory a copy to a GPU runs beside other work."""
        return (batch_NHWC.pin_memory() if self._on_cuda else batch_NHWC).to(self._device, non_blocking=True)

    def normalised(self, batch_NHWC: Tensor) -> Tensor:
        """uint8 pixels → what the network takes: 0 to 1, minus the mean, over the std, NCHW float32.

        The operations and their order are those of the weights' own transforms, TorchVision's and timm's. (v2's
        `ToDtype(scale=True)` multiplies by 1/255 instead, which differs in the last bit.)
        """
        x_NCHW = batch_NHWC.permute(0, 3, 1, 2).contiguous(memory_format=self._layout).float().div_(255)
        return x_NCHW.sub_(self._mean).div_(self._std)

    def _arithmetic(self) -> AbstractContextManager[object]:
        """Half precision by autocast; or true fp32, without TF32, set by one worker only since it is global."""
        if self._half:
            return torch.autocast(self._device.type, dtype=_DTYPES[self.precision])
        if self._on_cuda:
            return torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
        return nullcontext()


def _native_precision(device: str) -> Precision:
    if not device.startswith("cuda"):
        return "fp32"
    return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
