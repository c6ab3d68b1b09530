"""torch: the reference engine, on CPU, CUDA and MPS. Eval mode, inference mode, no weight ever changes."""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eyeful.engines.base import Precision
from eyeful.errors import EngineError
from eyeful.types import Recipe

_DTYPES: dict[str, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class TorchEngine:
    """One worker thread feeds the device, batch after batch.

    Args:
        module: the network: logits_NK from normalised pictures NCHW float32.
        recipe: for its mean and std.
        device: cpu, cuda:N or mps.
        precision: None: bf16 or fp16 on a CUDA device that does it natively, else fp32.
    """

    name: str = "torch"
    capacity: int = 2

    def __init__(
        self, module: nn.Module, recipe: Recipe, device: str = "cpu", precision: Precision | None = None
    ) -> None:
        self.device = device
        self.precision: str = precision or _native_precision(device)
        if device == "cpu" and self.precision == "fp16":
            raise EngineError("torch does not run fp16 on a CPU: --precision bf16 or fp32")
        self._device = torch.device(device)
        self._module = module.to(self._device)
        self._mean = torch.tensor(recipe.mean, device=self._device).view(1, 3, 1, 1)
        self._std = torch.tensor(recipe.std, device=self._device).view(1, 3, 1, 1)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="eyeful-torch")

    def submit(self, batch_NHWC: NDArray[np.uint8]) -> "Future[NDArray[np.float32]]":
        """Start one batch; see `Engine.submit`."""
        return self._worker.submit(self._run, batch_NHWC)

    def close(self) -> None:
        """Wait for what is in flight."""
        self._worker.shutdown()

    def _run(self, batch_NHWC: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            x_NCHW = self.normalised(torch.from_numpy(batch_NHWC).to(self._device))
            try:
                with self._autocast():
                    logits_NK = self._module(x_NCHW)
            except RuntimeError as error:
                raise EngineError(f"torch failed on {self.device}: {str(error).splitlines()[0][:300]}") from error
            result: NDArray[np.float32] = logits_NK.float().cpu().numpy()
            return result

    def normalised(self, batch_NHWC: Tensor) -> Tensor:
        """uint8 pixels → what the network takes: 0 to 1, minus the mean, over the std, NCHW float32.

        The operations and their order are those of the weights' own transforms, TorchVision's and timm's. (v2's
        `ToDtype(scale=True)` multiplies by 1/255 instead, which differs in the last bit.)
        """
        x_NCHW = batch_NHWC.permute(0, 3, 1, 2).contiguous().float().div_(255)
        return x_NCHW.sub_(self._mean).div_(self._std)

    def _autocast(self) -> AbstractContextManager[object]:
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(self._device.type, dtype=_DTYPES[self.precision])


def _native_precision(device: str) -> Precision:
    if not device.startswith("cuda"):
        return "fp32"
    return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
