"""Model → bundle: converted once, checked, cached; found again without importing torch."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

from eyeful.bundle import FORMAT, MANIFEST, Bundle, is_bundle, names_in, read_bundle, sha256_of, write_bundle
from eyeful.cache import cache_folder
from eyeful.engines.base import EngineName
from eyeful.errors import BundleError, CheckpointError, UsageError
from eyeful.models import ModelRequest
from eyeful.models.torchvision_import import import_timm
from eyeful.prepare.manifest import manifest_of, tool_versions

if TYPE_CHECKING:
    from torch import nn

__all__ = ["export", "load_module", "manifest_of", "prepared", "refuse_to_replace"]

log = logging.getLogger("eyeful")


def prepared(request: ModelRequest, img_size: int | None = None, engine: EngineName = "openvino") -> Bundle:
    """The bundle of a model for an engine that runs converted models, from the cache or made now.

    Args:
        request: which model.
        img_size: the input's side in pixels, when it is not the weights' own.
        engine: openvino or onnxruntime.

    Raises:
        ModelError: the model cannot be had or converted.
        MissingExtraError: it is not prepared yet, and what would prepare it is not installed.
    """
    folder = _folder(request, img_size, engine)
    if is_bundle(folder):
        try:
            return read_bundle(folder)
        except BundleError as error:
            log.warning("%s; preparing it again", error)
    import_timm()
    if engine == "onnxruntime":
        from eyeful.prepare.onnxruntime import prepare
    else:
        from eyeful.prepare.openvino import prepare

    return prepare(request, img_size, folder)


def export(request: ModelRequest, folder: Path, engine: EngineName, img_size: int | None = None) -> Bundle:
    """Write a model's bundle for one engine to a folder of the user's: an air-gap package.

    Args:
        request: which model.
        folder: where to; must not exist, or be a bundle, which is replaced.
        engine: openvino or onnxruntime (both run without torch), or torch.
        img_size: the input's side in pixels, when it is not the weights' own.

    Raises:
        UsageError: the folder holds something else.
        ModelError: the model cannot be had or converted, or the folder cannot be written.
    """
    refuse_to_replace(folder)
    if engine == "torch":
        from eyeful.prepare.torch import prepare

        return prepare(request, img_size, folder)
    bundle = prepared(request, img_size, engine)
    return write_bundle(folder, bundle.manifest, bundle.copy_files)


def load_module(bundle: Bundle) -> nn.Module:
    """The network of a bundle for torch.

    Raises:
        BundleError: the weights do not fit the architecture, as another version of its library builds it.
    """
    from eyeful.prepare.torch import load_module

    return load_module(bundle)


def refuse_to_replace(folder: Path) -> None:
    """See that a bundle may be written to a folder.

    Raises:
        UsageError: it holds something that is not one, or more than one.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a new folder")
    others = {path.name for path in folder.iterdir()}
    if is_bundle(folder):
        others -= {MANIFEST, *names_in(folder)}
    if others:
        raise UsageError(f"{folder} holds {min(others)}, which is no part of a bundle; name a new folder")


def _folder(request: ModelRequest, img_size: int | None, engine: EngineName) -> Path:
    """Where a request's bundle is cached: its name, and a digest of everything that decides its content."""
    asked = {
        "format": FORMAT,
        "name": request.name,
        "checkpoint": _digest(request.checkpoint),
        "labels": _digest(request.labels),
        "img_size": img_size,
        "engine": engine,
        "tools": tool_versions(engine),
    }
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", request.name).strip("-")[:80]
    return cache_folder() / "prepared" / f"{slug}-{digest}"


def _digest(path: Path | None) -> str | None:
    try:
        return sha256_of(path) if path else None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from error
