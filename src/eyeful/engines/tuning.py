"""How an engine works fastest on this machine, as measured once for a model and recorded in the cache.

Measuring is `tune`'s; here is when it is done, and where its result lies. Settings do not decide answers.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import Timeout

from eyeful.bundle.files import locked, write_atomically
from eyeful.cpu import processor, share_of_cores
from eyeful.engines.choose import family
from eyeful.engines.tunable import DEFAULT_SETTINGS, Settings, TunableFamily
from eyeful.engines.tune import Candidate, Found, Trial, fastest
from eyeful.engines.tuning_record import Tuning, folder
from eyeful.errors import EyefulError, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from eyeful.bundle import Bundle
    from eyeful.engines.base import Precision

log = logging.getLogger("eyeful")

_PROBE = 16
"""Images at least, so that the default's batch is full."""
_QUIET = 0.7
"""The part of its cores that a process must get for its measurement to count."""
_PUT_OFF: set[Path] = set()
"""Records that this process could not make: it does not try again."""
_REVISION = 1
"""Raised whenever other settings are tried, or measured in another way, so that older records do not count."""
_WAIT = 60.0
"""Seconds to wait for another process that measures the same; it takes a few."""


@dataclass(frozen=True, slots=True)
class Running:
    """How a bundle shall run; what a measurement is for.

    Attributes:
        bundle: of the model.
        device: as torch names devices.
        precision: None: what the device does natively.
        threads: the most that its engine may use.
        batch_size: asked for by hand; 0: what suits the engine.
    """

    bundle: Bundle
    device: str
    precision: Precision | None
    threads: int
    batch_size: int = 0

    @property
    def engine(self) -> str:
        """The name of the engine that runs it."""
        return self.bundle.manifest.engine

    def facts(self) -> dict[str, Any]:
        """All that a measurement holds for, as plain JSON values."""
        return {
            "revision": _REVISION,
            "files": self.bundle.manifest.files,
            "engine": self.engine,
            "versions": _versions(self.engine),
            "cpu": processor(),
            "device": self.device,
            "precision": self.precision,
            "threads": self.threads,
            "batch_size": self.batch_size,
        }

    def candidate(self, settings: Settings) -> Candidate:
        """These settings, to be tried."""
        tunable = family(self.engine)
        assert isinstance(tunable, TunableFamily)  # noqa: S101 - others are not tuned
        arguments = (self.bundle, self.device, self.precision, self.threads, settings)
        return Candidate(self.engine, settings, partial(tunable.open, *arguments, cached=False))


def is_on() -> bool:
    """Whether this process may measure, or use what was measured: `EYEFUL_AUTOTUNE=0` turns it off."""
    return os.environ.get("EYEFUL_AUTOTUNE", "1") != "0"


def tuning_of(running: Running) -> Tuning | None:
    """The fastest settings for a bundle on this machine, measured now if they are not recorded.

    Returns:
        None where nothing can be set, nothing can be recorded, or the engine does not run: opening it says why.
    """
    tunable = family(running.engine)
    if not isinstance(tunable, TunableFamily) or running.device != "cpu":
        return None

    def measure() -> Found:
        log.info(
            "measuring which settings of %s suit %s here (a few seconds); it is recorded for the next run",
            running.engine,
            running.bundle.manifest.title,
        )
        tried = tunable.settings_to_try(running.threads)
        if running.batch_size:
            tried = tuple(dict.fromkeys(Settings(one.streams, running.batch_size) for one in tried))
        settings = (Settings(batch_size=running.batch_size), *tried)
        return fastest([running.candidate(one) for one in settings], _probe(running.bundle, settings))

    return _recorded(running, running.facts(), measure)


def recorded_tuning(running: Running) -> Tuning | None:
    """What is recorded for a bundle on this machine; nothing is measured."""
    return Tuning.read(_path(running, running.facts()))


def faster_of(default: Running, other: str, prepare_other: Callable[[], Running]) -> Tuning | None:
    """Which of two engines runs a model faster here, each with its fastest settings; recorded as well.

    Args:
        default: what stays unless the other is clearly faster.
        other: the other engine's name.
        prepare_other: converts the model for the other engine; called only if nothing is recorded.

    Returns:
        None where nothing can be recorded.
    """
    facts = _compared(default, other)
    found = Tuning.read(_path(default, facts))
    own = None if found else tuning_of(default)
    if own is None:
        return found
    stays = Trial(own.engine, own.settings)
    try:
        rival = prepare_other()
    except EyefulError as error:
        lost = Trial(other, DEFAULT_SETTINGS, left_out=one_line(error, 200))
        return _recorded(default, facts, lambda: Found((stays, lost), stays, 1.0, own.precision))

    its = tuning_of(rival)
    if its is None:
        return None

    def measure() -> Found:
        candidates = [default.candidate(own.settings), rival.candidate(its.settings)]
        return fastest(candidates, _probe(default.bundle, (own.settings, its.settings)))

    return _recorded(default, facts, measure)


def recorded_comparison(default: Running, other: str) -> Tuning | None:
    """What is recorded of two engines; nothing is measured."""
    return Tuning.read(_path(default, _compared(default, other)))


def _compared(default: Running, other: str) -> dict[str, Any]:
    return default.facts() | {"other": other, "other_versions": _versions(other)}


def _recorded(running: Running, facts: dict[str, Any], measure: Callable[[], Found]) -> Tuning | None:
    """A record of the cache, made by one process and thread at a time where there is none.

    Nothing is measured where it cannot be written, since every start would measure again; nor while others use the
    cores, since it would mean nothing on another day.
    """
    path, name = _path(running, facts), running.engine
    if found := Tuning.read(path):
        return found
    if path in _PUT_OFF:
        return None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.with_name(f".{path.stem}.lock"), _WAIT):
            if found := Tuning.read(path):
                return found
            started = time.perf_counter()
            _check_quiet()
            result = measure()
            _check_quiet()
            tuning = _tuning(running, result, time.perf_counter() - started)
            write_atomically(path, json.dumps(tuning.as_dict(), indent=1) + "\n")
            return tuning
    except _BusyError:
        log.info("this machine is busy, so %s runs with its own settings; they are measured another time", name)
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


class _BusyError(Exception):
    """Others use the cores."""


def _check_quiet() -> None:
    if share_of_cores() < _QUIET:
        raise _BusyError


def _tuning(running: Running, found: Found, seconds: float) -> Tuning:
    trials = [
        {
            "engine": one.engine,
            **asdict(one.settings),
            "images_per_s": one.images_per_s and round(one.images_per_s, 1),
            "left_out": one.left_out,
        }
        for one in found.trials
    ]
    return Tuning(
        model=running.bundle.manifest.title,
        engine=found.chosen.engine,
        settings=found.chosen.settings,
        gain=round(found.gain, 3),
        precision=found.precision,
        cpu=processor()[0],
        threads=running.threads,
        versions={name: text for one in found.trials for name, text in _versions(one.engine).items()},
        seconds=round(seconds, 1),
        trials=trials,
    )


def _probe(bundle: Bundle, settings: Iterable[Settings]) -> NDArray[np.uint8]:
    """Noise of the network's size, enough for the largest batch."""
    count = max(_PROBE, *(one.batch_size for one in settings))
    size = bundle.manifest.preprocessing.size
    return np.random.default_rng(0).integers(0, 256, (count, *size, 3), dtype=np.uint8)


def _path(running: Running, facts: dict[str, Any]) -> Path:
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", running.bundle.manifest.model).strip("-")[:80]
    return folder() / f"{slug}-{digest}.json"


def _versions(engine: str) -> dict[str, str]:
    """Of what runs an engine's models."""
    found = {}
    for module in family(engine).modules:
        with suppress(PackageNotFoundError):
            found[module] = version(module)
    return found
