"""What was measured of a model on this machine, as it lies in the cache: one small JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from eyeful.cache import cache_folder
from eyeful.engines.tunable import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MOST = 4096
"""Of streams, and of images in a batch, that a record may say."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """A measurement on this machine.

    Attributes:
        model: its name.
        engine, settings: what was fastest.
        gain: its rate over that of the default, measured in turn; 1.0: the default stays.
        precision: the arithmetic that ran.
        cpu, threads, versions: what it was measured with.
        seconds: how long it took.
        trials: what came of each candidate, the default's first: engine, streams, batch_size, and images_per_s or
            left_out, why.
    """

    model: str
    engine: str
    settings: Settings
    gain: float
    precision: str
    cpu: str
    threads: int
    versions: dict[str, str]
    seconds: float
    trials: list[dict[str, Any]] = field(default_factory=list)

    def __str__(self) -> str:
        rate = max((one["images_per_s"] or 0.0 for one in self.trials if self._is_chosen(one)), default=0.0)
        how = "the default stays" if self.gain == 1.0 else f"{self.gain:.2f} times the default's speed"
        return f"{self.engine} {self.precision}, {self.settings}: {rate:.0f} images/s, {how}"

    def _is_chosen(self, trial: dict[str, Any]) -> bool:
        where = (trial["engine"], trial["streams"], trial["batch_size"])
        return where == (self.engine, self.settings.streams, self.settings.batch_size)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `as_dict`.

        Raises:
            KeyError, TypeError, ValueError: it is no such record.
        """
        found = cls(**(values | {"settings": Settings(**values["settings"])}))
        numbers = (found.settings.streams, found.settings.batch_size, found.threads)
        if not all(type(one) is int and 0 <= one <= _MOST for one in numbers):
            raise ValueError(f"not numbers that an engine can be set to: {numbers}")
        str(found)  # which looks at all that is said of it
        return found

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """A record of the cache; None where there is none, or it is damaged: it is measured again then."""
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None


def recorded_tunings() -> Iterator[tuple[Path, Tuning | None]]:
    """Every record in the cache, and what it says; None of a damaged one."""
    for path in sorted(folder().glob("*.json")):
        yield path, Tuning.read(path)


def folder() -> Path:
    """Where the records lie."""
    return cache_folder() / "tuned"
