"""Model → bundle: converted once, checked, kept; found again without importing torch."""

import hashlib
import json
import logging
import re
import shutil
from pathlib import Path

from eyeful.bundle import FORMAT, Bundle, is_bundle, read_bundle, sha256_of, write_bundle
from eyeful.cache import cache_folder
from eyeful.engines.base import EngineName
from eyeful.errors import BundleError, CheckpointError, UsageError
from eyeful.models import ModelRequest
from eyeful.models.torchvision_import import import_timm
from eyeful.prepare.passport import passport_of, tool_versions

__all__ = ["export", "passport_of", "prepared"]

log = logging.getLogger("eyeful")


def prepared(request: ModelRequest, img_size: int | None = None) -> Bundle:
    """The bundle of a model for OpenVINO, from the cache or made now.

    Args:
        request: which model.
        img_size: the input's side in pixels, when it is not the weights' own.

    Raises:
        ModelError: the model cannot be had or converted.
        MissingExtraError: it is not prepared yet, and what would prepare it is not installed.
    """
    folder = _folder(request, img_size)
    if is_bundle(folder):
        try:
            return read_bundle(folder)
        except BundleError as error:
            log.warning("%s; preparing it again", error)
    import_timm()
    from eyeful.prepare.openvino import prepare

    return prepare(request, img_size, folder)


def export(request: ModelRequest, folder: Path, engine: EngineName, img_size: int | None = None) -> Bundle:
    """Write a model's bundle for one engine to a folder of the user's: an air-gap package.

    Args:
        request: which model.
        folder: where to; must not exist, or be a bundle, which is replaced.
        engine: openvino (runs without torch) or torch.
        img_size: the input's side in pixels, when it is not the weights' own.

    Raises:
        UsageError: the folder holds something else.
        ModelError: the model cannot be had or converted, or the folder cannot be written.
    """
    if folder.exists() and not is_bundle(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} holds something that is no bundle; name a new folder")
    if engine == "torch":
        from eyeful.prepare.torch import prepare

        return prepare(request, img_size, folder)
    bundle = prepared(request, img_size)
    return write_bundle(
        folder,
        bundle.passport,
        lambda place: [shutil.copy(bundle.folder / name, place) for name in bundle.passport.files],
    )


def _folder(request: ModelRequest, img_size: int | None) -> Path:
    """Where a request's bundle is kept: its name, and a digest of everything that decides its content."""
    asked = {
        "format": FORMAT,
        "name": request.name,
        "checkpoint": _digest(request.checkpoint),
        "labels": _digest(request.labels),
        "img_size": img_size,
        "tools": tool_versions(),
    }
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", request.name).strip("-")[:80]
    return cache_folder() / "prepared" / f"{slug}-{digest}"


def _digest(path: Path | None) -> str | None:
    try:
        return sha256_of(path) if path else None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from error
