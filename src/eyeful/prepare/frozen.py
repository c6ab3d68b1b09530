"""The network that a model was taught on, frozen: by its name, of a bundle, or of what a bundle was made of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from eyeful.bundle import Bundle, write_bundle
from eyeful.engines import ConvertedFamily, ModuleFamily, family
from eyeful.errors import ModelError
from eyeful.models import ModelRequest, find_model
from eyeful.prepare import load_network, prepared
from eyeful.preprocessing import InputOverrides

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

    from eyeful.bundle import Manifest
    from eyeful.engines import EngineFamily
    from eyeful.prepare.deployed import Deployed


def frozen_bundle(
    base: ModelRequest | Bundle, engine: ConvertedFamily, checkpoint: Path | None, place: Path
) -> Bundle:
    """The frozen network's bundle for an engine.

    Args:
        base: a model by its name, or a bundle, perhaps of one that was taught.
        engine: what shall run it.
        checkpoint: the file that a bundle for another engine was made of, if it was.
        place: where one may be made, of a bundle for torch.

    Raises:
        ModelError: it is not to be had, or has other weights now.
    """
    if isinstance(base, ModelRequest):
        return prepared(base, engine)
    if base.manifest.engine == engine.name:
        return base
    if not isinstance(family(base.manifest.engine), ModuleFamily):
        bundle = prepared(request_behind(base, checkpoint), engine)
        _check_weights(base, bundle.manifest)
        return bundle
    from eyeful.prepare.check import check

    network = taken_apart(*frozen_network(base, engine, None))
    manifest = replace(base.manifest, engine=engine.name)

    def write(folder: Path) -> None:
        engine.write(network, manifest, folder)
        check(Bundle(folder, manifest), engine, network)

    return write_bundle(place, manifest, write)


def frozen_network(
    base: ModelRequest | Bundle, engine: EngineFamily, checkpoint: Path | None
) -> tuple[nn.Module, Manifest]:
    """The frozen network as torch has it, with its own last layer, and the manifest that it comes with.

    For arguments and errors see `frozen_bundle`; the manifest of a model by its name is for the engine.
    """
    if isinstance(base, ModelRequest):
        return load_network(base, engine)
    if isinstance(family(base.manifest.engine), ModuleFamily):
        from eyeful.prepare.torch import read_module

        return read_module(base), base.manifest
    module, manifest = load_network(request_behind(base, checkpoint), engine)
    _check_weights(base, manifest)
    return module, manifest


def taken_apart(module: nn.Module, manifest: Manifest) -> Deployed:
    """The frozen network as engines get it, its features beside its own logits; it is taken apart."""
    from eyeful.prepare.deployed import Deployed

    return Deployed(module, manifest.preprocessing, manifest.architecture["num_classes"])


def request_behind(bundle: Bundle, checkpoint: Path | None = None) -> ModelRequest:
    """The model, by its name, that a bundle was made of; its weights may be others now.

    Raises:
        ModelError: it was made of a checkpoint, which is not named.
    """
    manifest = bundle.manifest
    if manifest.checkpoint and checkpoint is None:
        raise ModelError(
            f"the bundle {bundle.folder} was made of {manifest.model} with {manifest.checkpoint}: --checkpoint "
            "FILE names that"
        )
    request = ModelRequest(manifest.model, checkpoint)
    found, own = manifest.preprocessing, find_model(request).preprocessing
    overrides = InputOverrides(  # only what differs: the cache has most models without any
        found.size if found.size != own.size else None,
        found.mean if found.mean != own.mean else None,
        found.std if found.std != own.std else None,
    )
    return replace(request, overrides=overrides)


def _check_weights(bundle: Bundle, now: Manifest) -> None:
    """See that the weights of a model by its name are still those that a bundle was made of.

    Raises:
        ModelError: they are not.
    """
    if now.weights["sha256"] != weights_of(bundle.manifest):
        raise ModelError(
            f"the bundle {bundle.folder} was made of other weights than {bundle.manifest.model} has now: "
            f"{'teach' if bundle.manifest.taught else 'export'} it again"
        )


def weights_of(manifest: Manifest) -> str:
    """The digest of a network's weights, frozen ones without their head."""
    return str(manifest.weights["sha256"] if manifest.taught is None else manifest.taught["base_weights"])
