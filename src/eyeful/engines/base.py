"""The contract of every engine, and the worker threads that keep it.

    submit(batch_NHWC) -> Future[Outputs]

- It may be called from any thread.
- The future always resolves: with outputs, or with an EngineError. One failure does not touch the next batch.
- Cancelling a future cancels nothing but itself.
- `threads` bounds every thread pool that the engine makes for its arithmetic.
- `close` waits for what is in flight; afterwards, and in a forked child, `submit` gives an EngineError at once.

`tests/engines/contract.py` holds an engine to it. A new engine is one file: a `ThreadedEngine`, or anything that
keeps the contract, and a family (`ConvertedFamily`, mostly) under the entry-point group `eyeful.engines`.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

import numpy as np

from eyeful.engines.fork import abandon_in_children
from eyeful.errors import EngineError, ModelError, one_line
from eyeful.extras import available

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

    from eyeful.bundle import Bundle, Manifest, TaughtHead
    from eyeful.graph_file import Graph

Precision = Literal["fp32", "bf16", "fp16"]
"""What an engine can be asked for. int8 is not asked of an engine: it is made, with images, into a bundle."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a forward pass gives.

    Attributes:
        logits_NK: raw scores, float32.
        features_ND: the input of the layer that makes the logits, float32, not normalised; None for a network that
            does not end in a linear layer.
    """

    logits_NK: NDArray[np.float32]
    features_ND: NDArray[np.float32] | None = None

    def row(self, place: int) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """The outputs for one image of the batch: logits_K and features_D.

        Raises:
            EngineError: the engine gave fewer rows than it was given images.
        """
        if place >= len(self.logits_NK):
            raise EngineError(f"the engine gave {len(self.logits_NK)} rows for more images")
        return self.logits_NK[place], None if self.features_ND is None else self.features_ND[place]


class Engine(Protocol):
    """Runs a network.

    Attributes:
        name: the name of its family.
        device: where it runs, as torch names devices.
        precision: the arithmetic that really runs.
        capacity: how many batches are worth having in flight.
        batch_size: how many images in a batch suit it.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def device(self) -> str: ...  # noqa: D102

    @property
    def precision(self) -> str: ...  # noqa: D102

    @property
    def capacity(self) -> int: ...  # noqa: D102

    @property
    def batch_size(self) -> int: ...  # noqa: D102

    def submit(self, batch_NHWC: NDArray[np.uint8]) -> Future[Outputs]:
        """Start one batch of preprocessed images; see the contract above. Never blocks for long, never raises.

        The batch is the engine's until the future resolves.
        """
        ...

    def close(self) -> None:
        """Wait for what is in flight and free the device. Idempotent."""
        ...


class ThreadedEngine(ABC):
    """An engine whose worker threads each run one batch at a time.

    Args:
        workers: how many batches run at the same time.
    """

    name: ClassVar[str]
    device: str = "cpu"
    precision: str = "fp32"
    batch_size: int = 8

    def __init__(self, workers: int = 1) -> None:
        self.capacity = workers + 1  # one more, so that a worker that is done finds work at once
        self._process = os.getpid()
        abandon_in_children(self)
        self._workers = ThreadPoolExecutor(workers, f"eyeful-{self.name}", self._enter_worker)

    @abstractmethod
    def _run(self, batch_NHWC: NDArray[np.uint8]) -> Outputs:
        """One forward pass, in a worker thread. Whatever it raises fails this batch only."""

    def _begin(self, batch_NHWC: NDArray[np.uint8]) -> Callable[[], Outputs] | None:  # noqa: ARG002
        """Start a batch at once, in the thread that submits it, where that is possible.

        Returns:
            what a worker calls to wait for the outputs, once in any case; None where nothing was begun.
        """
        return None

    def _enter_worker(self) -> None:  # noqa: B027 - most have nothing to do
        """What a worker thread does before its first batch."""

    def submit(self, batch_NHWC: NDArray[np.uint8]) -> Future[Outputs]:
        """Start one batch; see `Engine.submit`."""
        if os.getpid() != self._process:
            return failed(
                EngineError(
                    "the model was loaded before this process was forked, which no thread survives: load it here"
                )
            )
        try:
            finish = self._begin(batch_NHWC)
        except Exception as error:  # noqa: BLE001 - it is this batch's
            return failed(self._as_engine_error(error))
        future: Future[Outputs] = Future()
        try:
            self._workers.submit(self._work, future, finish, batch_NHWC)
        except RuntimeError:
            if finish is not None:
                finish()
            return failed(EngineError("the model is closed"))
        return future

    def close(self) -> None:
        """Wait for what is in flight. Idempotent."""
        if os.getpid() == self._process:
            self._workers.shutdown()

    def _work(
        self, future: Future[Outputs], finish: Callable[[], Outputs] | None, batch_NHWC: NDArray[np.uint8]
    ) -> None:
        """In a worker: one batch, unless it was cancelled before anything of it was begun."""
        if finish is None and not future.set_running_or_notify_cancel():
            return
        outputs: Outputs | Exception
        try:
            outputs = self._run(batch_NHWC) if finish is None else finish()
        except Exception as error:  # noqa: BLE001 - it belongs to whoever waits
            outputs = self._as_engine_error(error)
        if finish is not None and not future.set_running_or_notify_cancel():
            return
        if isinstance(outputs, Exception):
            future.set_exception(outputs)
        else:
            future.set_result(outputs)

    def _as_engine_error(self, error: Exception) -> EngineError:
        if isinstance(error, EngineError):
            return error
        named = EngineError(f"{self.name} failed on {self.device}: {one_line(error, 300)}")
        named.__cause__ = error
        return named


def failed(error: Exception) -> Future[Outputs]:
    """What `submit` gives for a batch that cannot even be started."""
    future: Future[Outputs] = Future()
    future.set_exception(error)
    return future


class EngineFamily:
    """What eyeful knows of an engine before it is used. Importing its file must import no framework.

    Attributes:
        name: what `--engine` takes.
        modules: what must be importable for it to run.
        devices: the kinds of device that it runs on: cpu, cuda, mps.
        precisions: what can be asked of it.
        tools: the packages whose versions decide what its bundles hold.
        revision: raised whenever what it writes changes, so that older bundles are made anew.
    """

    name: ClassVar[str]
    modules: ClassVar[tuple[str, ...]] = ()
    devices: ClassVar[tuple[str, ...]] = ("cpu",)
    precisions: ClassVar[tuple[Precision, ...]] = ("fp32",)
    tools: ClassVar[tuple[str, ...]] = ()
    revision: ClassVar[int] = 1

    def available(self) -> bool:
        """Whether its libraries are installed."""
        return all(map(available, self.modules))


class ConvertedFamily(EngineFamily, ABC):
    """A family that runs files which it made of a torch network."""

    @abstractmethod
    def write(self, network: nn.Module, manifest: Manifest, folder: Path) -> None:
        """Write a bundle's files.

        Args:
            network: pixels_NHWC uint8 in; logits_NK, or logits_NK and features_ND, out; in eval mode.
            manifest: of the bundle to be.
            folder: empty.

        Raises:
            ModelError: the engine cannot have this network.
            MissingExtraError: a converter is not installed.
        """

    def write_graph(self, graph: Graph, manifest: Manifest, folder: Path) -> None:
        """As `write`, from a network that is a file of its own; a family that cannot raises a ModelError."""
        del manifest, folder
        raise ModelError(f"the engine {self.name} does not run {graph.path}: --engine openvino")

    def write_taught(self, bundle: Bundle, head: TaughtHead, manifest: Manifest, folder: Path) -> None:
        """As `write`, from another bundle of this engine: its network, but for the layer that makes the logits.

        Args:
            bundle: of the frozen network, with features; or of one that was taught before.
            head: makes the logits of the features, which stay the second output, raw.
            manifest: of the bundle to be.
            folder: where to write.

        Raises:
            ModelError: the network has no features, or this family cannot do so.
            MissingExtraError: a library is not installed.
        """
        del bundle, head, folder
        raise ModelError(f"the engine {self.name} cannot have {manifest.title}: --engine openvino can be taught")

    @abstractmethod
    def open(self, bundle: Bundle, device: str, precision: Precision | None, threads: int) -> Engine:
        """An engine that runs a bundle's files.

        Args:
            bundle: what `write` wrote.
            device: as torch names devices.
            precision: None: what the device does natively.
            threads: the most that it may use for its arithmetic.

        Raises:
            EngineError: the bundle, the device or the precision is not to be had.
            MissingExtraError: its library is not installed.
        """


class ModuleFamily(EngineFamily, ABC):
    """A family that runs a torch network as it is, without a bundle between."""

    @abstractmethod
    def open_module(
        self, network: nn.Module, device: str, precision: Precision | None, threads: int, *, compiled: bool = False
    ) -> Engine:
        """An engine that runs a network; it owns the network from now on.

        Args:
            network: pixels_NHWC uint8 in; logits_NK, or logits_NK and features_ND, out; in eval mode.
            device: as torch names devices.
            precision: None: what the device does natively.
            threads: the most that it may use for its arithmetic.
            compiled: with torch.compile, at the first batch.

        Raises:
            EngineError: the precision is not to be had on this device.
        """
