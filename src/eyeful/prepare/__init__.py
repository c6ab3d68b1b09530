"""Model → bundle: converted once, checked, cached; found again without importing torch."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from eyeful.bundle import (
    FORMAT,
    HEAD,
    MANIFEST,
    Bundle,
    Manifest,
    TaughtHead,
    is_bundle,
    names_in,
    read_bundle,
    sha256_or,
    single_flight,
    write_bundle,
)
from eyeful.cache import cache_folder, cache_name
from eyeful.engines import ConvertedFamily, EngineFamily, family
from eyeful.errors import CheckpointError, EyefulError, ModelError, UsageError, one_line
from eyeful.models import Model, ModelRequest, find_model
from eyeful.models.hub_cache import cached_revision
from eyeful.models.local import digests
from eyeful.prepare.manifest import manifest_of, tool_versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from eyeful.prepare.deployed import Deployed
    from eyeful.preprocessing import Preprocessing
    from eyeful.results import Calibration
    from eyeful.types import Activation

__all__ = [
    "deploy",
    "export",
    "load_network",
    "network_of",
    "prepared",
    "prepared_already",
    "refuse_to_replace",
    "with_calibration",
]

log = logging.getLogger("eyeful")
_REVISION = 3
"""Raised whenever the same request gets another manifest (how a label file is read, whose names are assumed)."""


def prepared(request: ModelRequest, engine: ConvertedFamily) -> Bundle:
    """The bundle of a model for an engine that runs converted models, from the cache or made now.

    Args:
        request: which model.
        engine: what shall run it.

    Raises:
        ModelError: the model cannot be had or converted.
        MissingExtraError: it is not prepared yet, and what would prepare it is not installed.
    """
    folder = _folder(request, engine)
    return single_flight(folder, partial(_prepare, request, engine))


def prepared_already(request: ModelRequest, engine: ConvertedFamily) -> Bundle | None:
    """The same, if it is in the cache; None if not, and nothing is made.

    Raises:
        BundleError: it is damaged.
    """
    folder = _folder(request, engine)
    return read_bundle(folder) if is_bundle(folder) else None


def _prepare(request: ModelRequest, engine: ConvertedFamily, folder: Path) -> Bundle:
    model = find_model(request)
    if model.graph is not None:
        from eyeful.prepare.graph import prepare_graph

        return prepare_graph(model, model.graph, engine, folder)
    module, manifest = _loaded(model, engine)
    log.info("preparing %s for %s; it is cached for the next run", model.title, engine.name)
    from eyeful.prepare.check import check

    network = deploy(module, manifest)

    def write(place: Path) -> None:
        try:
            engine.write(network, manifest, place)
        except (EyefulError, OSError):
            raise
        except Exception as error:
            reason = one_line(error, 300)
            raise ModelError(
                f"{engine.name} cannot have {manifest.title}: --engine torch runs it ({reason})"
            ) from error
        check(Bundle(place, manifest), engine, network)

    return write_bundle(folder, manifest, write)


def export(
    request: ModelRequest,
    folder: Path,
    engine_name: str,
    *,
    activation: Activation | None = None,
    source: str | None = None,
    calibration: Calibration | None = None,
) -> Bundle:
    """Write a model's bundle for one engine to a folder of the user's: an air-gap package.

    Args:
        request: which model.
        folder: where to; must not exist, or be a bundle, which is replaced.
        engine_name: what shall run it; all but torch run without torch.
        activation: what makes probabilities of its logits; the model's own when None.
        source: where the checkpoint is from, if it is a copy that will be gone.
        calibration: what is promised of its answers, whoever opens the bundle.

    Raises:
        UsageError: the folder holds something else, or the calibration is another model's.
        ModelError: the model cannot be had or converted, or the folder cannot be written.
    """
    refuse_to_replace(folder)
    engine = family(engine_name)
    write_files: Callable[[Path], object]
    if isinstance(engine, ConvertedFamily):
        bundle = prepared(request, engine)
        manifest, write_files = bundle.manifest, bundle.copy_files
    else:
        from eyeful.prepare.torch import write_module

        module, manifest = load_network(request, engine)
        write_files = partial(write_module, module)
    if source is not None:
        manifest = replace(manifest, weights=manifest.weights | {"source": source})
    return write_bundle(folder, with_calibration(manifest.with_activation(activation), calibration), write_files)


def with_calibration(manifest: Manifest, calibration: Calibration | None) -> Manifest:
    """The same with a calibration; what only an opened model knows is checked whenever it is opened.

    Raises:
        UsageError: it was made for another model.
    """
    if calibration is None:
        return manifest
    known = {
        "weights": manifest.weights["sha256"],
        "labels_sha256": manifest.labels.sha256,
        "activation": manifest.activation,
        "preprocessing": manifest.preprocessing.as_dict(),
    }
    if manifest.precision == "int8":
        known["precision"] = manifest.precision
    calibration.check(known)
    return replace(manifest, calibration=calibration.to_dict())


def load_network(request: ModelRequest, engine: EngineFamily) -> tuple[nn.Module, Manifest]:
    """A model's network with its weights, as its library builds it, and the manifest for an engine that runs it.

    Raises:
        ModelError: the model cannot be had.
        MissingExtraError: what builds it is not installed.
    """
    return _loaded(find_model(request), engine)


def _loaded(model: Model, engine: EngineFamily) -> tuple[nn.Module, Manifest]:
    module, weights = model.load()
    return module, manifest_of(model, weights, engine)


def network_of(bundle: Bundle) -> nn.Module:
    """The network of a bundle for torch; of a model that was taught, with its head.

    Raises:
        BundleError: the weights do not fit the architecture, as another version of its library builds it.
        ModelError: the head does not fit the network.
    """
    from eyeful.prepare.torch import read_module

    module, manifest = read_module(bundle), bundle.manifest
    if manifest.taught is not None:
        from eyeful.prepare.deployed import put_head

        put_head(module, TaughtHead.read(bundle.folder / HEAD), manifest.preprocessing, manifest.taught["base"])
    return module


def deploy(module: nn.Module, manifest: Manifest) -> Deployed:
    """A network with normalisation in front and features beside its logits; it takes the network apart."""
    from eyeful.prepare.deployed import Deployed

    preprocessing: Preprocessing = manifest.preprocessing
    return Deployed(module, preprocessing, len(manifest.labels))


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
        others -= names_in(folder)
    if others:
        raise UsageError(f"{folder} holds {min(others)}, which is no part of a bundle; name a new folder")


def _folder(request: ModelRequest, engine: EngineFamily) -> Path:
    """Where a request's bundle is cached: its name, and a digest of everything that decides its content."""
    checkpoint, labels = request.checkpoint, request.labels
    if labels is not None and is_bundle(labels):
        labels /= MANIFEST
    asked = {
        "format": FORMAT,
        "revision": _REVISION,
        "name": request.name,
        "checkpoint": checkpoint and sha256_or(CheckpointError, "the checkpoint", checkpoint),
        "labels": labels and sha256_or(UsageError, "the labels", labels),
        "input": asdict(request.overrides),
        "engine": engine.name,
        "converter": engine.revision,
        "hub": cached_revision(request.name),
        "tools": tool_versions(engine),
    }
    if files := digests(request.name):
        asked["files"] = files
    if request.preprocessing is not None:
        asked["preprocessing"] = request.preprocessing.as_dict()
    return cache_folder() / "prepared" / cache_name(request.name, asked)
