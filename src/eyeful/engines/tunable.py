"""What of an engine can be set without another answer, and families that say what is worth trying."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eyeful.engines.base import ConvertedFamily

if TYPE_CHECKING:
    from eyeful.bundle import Bundle
    from eyeful.engines.base import Engine, Precision


@dataclass(frozen=True, slots=True)
class Settings:
    """How an engine works; never what it answers.

    Attributes:
        streams: batches that it computes at the same time, which share its threads; 0: its own choice.
        batch_size: images in a batch; 0: its own choice.
    """

    streams: int = 0
    batch_size: int = 0

    def __str__(self) -> str:
        streams = {0: "its own streams", 1: "1 stream"}.get(self.streams, f"{self.streams} streams")
        return f"{streams}, batches of {self.batch_size}" if self.batch_size else streams


DEFAULT_SETTINGS = Settings()


class TunableFamily(ConvertedFamily):
    """A family whose engines have settings that only a measurement on the machine can choose."""

    @abstractmethod
    def settings_to_try(self, threads: int) -> tuple[Settings, ...]:
        """What may be faster than its own choice, on a machine of so many threads.

        Those with equal `streams` are measured on one engine, with batches of several sizes.
        """

    @abstractmethod
    def open(
        self,
        bundle: Bundle,
        device: str,
        precision: Precision | None,
        threads: int,
        settings: Settings = DEFAULT_SETTINGS,
        *,
        cached: bool = True,
    ) -> Engine:
        """As `ConvertedFamily.open`.

        Args:
            bundle: what `write` wrote.
            device: as torch names devices.
            precision: None: what the device does natively.
            threads: the most that it may use for its arithmetic.
            settings: how it works; its `batch_size` becomes the engine's.
            cached: what is compiled for this machine may be cached; not while settings are tried.
        """
