"""How an engine works fastest on this machine, as measured once for a model and recorded in the cache.

Measuring is `tune`'s; here is when it is done, and what its record says. Settings do not decide answers.
"""

from __future__ import annotations

import logging
import os
import time
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from filelock import Timeout

from eyeful.bundle.files import read_json, recorded
from eyeful.cache import cache_folder, cache_name
from eyeful.cpu import processor, share_of_cores
from eyeful.engines.choose import family
from eyeful.engines.tunable import Settings, TunableFamily
from eyeful.engines.tune import Candidate, fastest
from eyeful.errors import EyefulError, one_line
from eyeful.extras import version_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from eyeful.bundle import Bundle
    from eyeful.engines.base import Precision

log = logging.getLogger("eyeful")

_PROBE = 16
"""Images at least, so that the default's batch is full."""
_QUIET = 0.7
"""The part of its cores that a process must get for its measurement to count."""
_PUT_OFF: set[Path] = set()
"""Records that this process could not make: it does not try again."""
_REVISION = 2
"""Raised whenever other settings are tried, or measured in another way, so that older records do not count."""
_WAIT = 60.0
"""Seconds to wait for another process that measures the same; it takes a few."""
_MOST = 4096
"""Of streams, and of images in a batch, that a record may say."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was measured of a model on this machine.

    Attributes:
        model: its name.
        engine, settings: what was fastest.
        gain: its rate over that of the default; 1.0: the default stays.
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
    versions: dict[str, str | None]
    seconds: float
    trials: list[dict[str, Any]]

    def __str__(self) -> str:
        chosen = {"engine": self.engine} | asdict(self.settings)
        rate = next((one["images_per_s"] or 0.0 for one in self.trials if chosen.items() <= one.items()), 0.0)
        how = "the default stays" if self.gain == 1.0 else f"{self.gain:.2f} times the default's speed"
        return f"{self.engine} {self.precision}, {self.settings}: {rate:.0f} images/s, {how}"

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The inverse of `as_dict`.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: it is no such record.
        """
        found = cls(**(values | {"settings": Settings(**values["settings"])}))
        numbers = (found.settings.streams, found.settings.batch_size, found.threads)
        if not all(type(one) is int and 0 <= one <= _MOST for one in numbers):
            raise ValueError(f"not numbers that an engine can be set to: {numbers}")
        str(found)  # which looks at all that is said of it
        return found


@dataclass(frozen=True, slots=True)
class Running:
    """How a bundle shall run; what a measurement is for.

    Attributes:
        bundle: of the model.
        device: as torch names devices.
        precision: None: what the device does natively.
        threads: the most that its engine may use.
        batch_size: asked for by hand; 0: what suits the engine.
        rival: the name of an engine that is tried too; "": none.
    """

    bundle: Bundle
    device: str
    precision: Precision | None
    threads: int
    batch_size: int = 0
    rival: str = ""

    @property
    def engine(self) -> str:
        """The name of the engine that runs it."""
        return self.bundle.manifest.engine

    @property
    def versions(self) -> dict[str, str | None]:
        """Of what runs the engines' models; None of what is not installed."""
        engines = [self.engine, *([self.rival] if self.rival else [])]
        return {module: version_of(module) for engine in engines for module in family(engine).modules}

    @property
    def record(self) -> Path:
        """Where the measurement is recorded, by all that it holds for."""
        facts = {
            "revision": _REVISION,
            "files": self.bundle.manifest.files,
            "engine": self.engine,
            "rival": self.rival,
            "versions": self.versions,
            "cpu": processor(),
            "device": self.device,
            "precision": self.precision,
            "threads": self.threads,
            "batch_size": self.batch_size,
        }
        return _folder() / f"{cache_name(self.bundle.manifest.model, facts)}.json"

    def candidates(self) -> list[Candidate]:
        """What may be fastest, each engine's own choice first."""
        tunable = family(self.engine)
        assert isinstance(tunable, TunableFamily)  # noqa: S101 - others are not tuned
        tried = [Settings(), *tunable.settings_to_try(self.threads)]
        if self.batch_size:
            tried = list(dict.fromkeys(replace(one, batch_size=self.batch_size) for one in tried))
        opened = partial(tunable.open, self.bundle, self.device, self.precision, self.threads, cached=False)
        return [Candidate(self.engine, one, partial(opened, settings=one)) for one in tried]


def is_on() -> bool:
    """Whether this process may measure, or use what was measured: `EYEFUL_AUTOTUNE=0` turns it off."""
    return os.environ.get("EYEFUL_AUTOTUNE", "").lower() not in ("0", "false", "no", "off")


def tuning_of(running: Running, prepare_rival: Callable[[], Bundle] | None = None) -> Tuning | None:
    """The fastest settings for a bundle on this machine, measured now if they are not recorded.

    Nothing is measured where it cannot be recorded, since every start would measure again; nor while others use
    the cores, since it would mean nothing on another day.

    Args:
        running: what for.
        prepare_rival: converts the model for its rival, if it has one; only called where it is measured.

    Returns:
        None where nothing can be set or recorded, or the engine does not run: opening it says why.
    """
    if not isinstance(family(running.engine), TunableFamily) or running.device != "cpu":
        return None
    path, name = running.record, running.engine
    if path in _PUT_OFF:
        return recorded_tuning(running)
    try:
        return recorded(path, Tuning.from_dict, partial(_measured, running, prepare_rival), _WAIT)
    except _BusyError:
        log.info("this machine is busy: %s runs with its own settings; the fastest are found in a later run", name)
    except Timeout:
        log.info("%s is being measured by another process; it runs with its own settings here", name)
    except OSError as error:
        log.info(
            "%s runs with its own settings: what is measured cannot be recorded in %s (%s)",
            name,
            path.parent,
            error.strerror or error,
        )
    except Exception:
        log.debug("%s cannot be measured", name, exc_info=True)
    _PUT_OFF.add(path)
    return None


def recorded_tuning(running: Running) -> Tuning | None:
    """What is recorded for a bundle on this machine; nothing is measured."""
    return read_json(running.record, Tuning.from_dict)


def recorded_tunings() -> Iterator[tuple[Path, Tuning | None]]:
    """Every record in the cache, and what it says; None of a damaged one."""
    for path in sorted(_folder().glob("*.json")):
        yield path, read_json(path, Tuning.from_dict)


class _BusyError(Exception):
    """Others use the cores."""


def _check_quiet() -> None:
    if share_of_cores() < _QUIET:
        raise _BusyError


def _measured(running: Running, prepare_rival: Callable[[], Bundle] | None) -> dict[str, Any]:
    """Measure it, and say so."""
    _check_quiet()
    started = time.perf_counter()
    manifest = running.bundle.manifest
    title = f"{manifest.title} in int8" if manifest.precision == "int8" else manifest.title
    log.info(
        "measuring which settings of %s suit %s here (a few seconds); it is recorded for the next run",
        running.engine,
        title,
    )
    candidates, failed = running.candidates(), []
    if prepare_rival is not None:
        log.info("trying %s too, for which %s is converted once more", running.rival, title)
        try:
            candidates.insert(1, replace(running, bundle=prepare_rival(), rival="").candidates()[0])
        except EyefulError as error:
            failed = [{"engine": running.rival, "images_per_s": None, "left_out": one_line(error, 200)}]
    count = max(_PROBE, *(one.settings.batch_size for one in candidates))
    size = running.bundle.manifest.preprocessing.size
    found = fastest(candidates, np.random.default_rng(0).integers(0, 256, (count, *size, 3), dtype=np.uint8))
    _check_quiet()
    tuning = Tuning(
        model=manifest.title,
        engine=found.chosen.engine,
        settings=found.chosen.settings,
        gain=round(found.gain, 3),
        precision=found.precision,
        cpu=processor()[0],
        threads=running.threads,
        versions=running.versions,
        seconds=round(time.perf_counter() - started, 1),
        trials=[*(one.as_dict() for one in candidates), *failed],
    )
    return tuning.as_dict()


def _folder() -> Path:
    return cache_folder() / "tuned"
