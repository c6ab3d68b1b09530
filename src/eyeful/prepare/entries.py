"""The cache of prepared, int8 and compiled models: what is in it, whether it is whole, and how to be rid of it."""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from eyeful.bundle import read_bundle
from eyeful.bundle.files import is_locked
from eyeful.cache import cache_folder
from eyeful.engines.tuning import recorded_tunings
from eyeful.errors import BundleError, OutputError

Kind = Literal["prepared", "int8", "compiled"]
_KINDS: tuple[Kind, ...] = ("prepared", "int8", "compiled")


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One bundle in the cache.

    Attributes:
        folder: where it lies.
        kind: prepared (converted from a model's weights), int8 (made of such a one), or compiled (for this CPU).
        model: the model's name; the folder's where it cannot be read.
        engine: what runs it.
        size: bytes.
        damage: what is wrong with it; None where every file is whole.
    """

    folder: Path
    kind: Kind
    model: str
    engine: str
    size: int
    damage: str | None = None


def list_entries() -> list[CacheEntry]:
    """Every bundle in the cache, each checked against its hashes."""
    return [
        _look_at(folder, kind)
        for kind in _KINDS
        for folder in sorted((cache_folder() / kind).glob("*"))
        if folder.is_dir() and not folder.name.startswith(".")
    ]


def remove_leftovers() -> None:
    """Delete what killed preparations left half-made; not what is being made."""
    for kind in _KINDS:
        parent = cache_folder() / kind
        busy = tuple(f"{lock.name.removesuffix('.lock')}." for lock in parent.glob(".*.lock") if is_locked(lock))
        for folder in parent.glob(".*"):
            if folder.is_dir() and not folder.name.startswith(busy):
                shutil.rmtree(folder, ignore_errors=True)


def remove(entry: CacheEntry) -> None:
    """Delete one; the next run that wants it makes it again.

    Raises:
        OutputError: it cannot be deleted, or not all of it.
    """
    shutil.rmtree(entry.folder, ignore_errors=True)
    try:
        shutil.rmtree(entry.folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"{entry.folder} cannot be deleted: {error.strerror or error}") from error


def remove_tunings(model: str = "") -> None:
    """Delete what was measured of models whose names hold a text; it is measured again when they are opened."""
    for path, tuning in recorded_tunings():
        if tuning is None or model in tuning.model:
            with suppress(OSError):
                path.unlink()


def _look_at(folder: Path, kind: Kind) -> CacheEntry:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    try:
        manifest = read_bundle(folder).manifest
    except BundleError as error:
        return CacheEntry(folder, kind, folder.name, "?", size, str(error))
    return CacheEntry(folder, kind, manifest.model, manifest.engine, size)
