"""A head that was taught and a frozen network → a bundle, which gives the head's logits, or never gets its name.

Its files hold the network's weights as they are. `head.npz` lies beside them, of which a bundle for another engine
can be made.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eyeful.bundle import HEAD, Bundle, TaughtHead, write_bundle
from eyeful.cpu import usable_cores
from eyeful.engines import ConvertedFamily, family
from eyeful.errors import EyefulError, ModelError, UsageError, one_line
from eyeful.models import ModelRequest, find_model
from eyeful.prepare import prepared, refuse_to_replace
from eyeful.prepare.manifest import tool_versions
from eyeful.preprocessing import InputOverrides
from eyeful.types import NONE_OF_THESE, Labels

if TYPE_CHECKING:
    from eyeful.bundle import Manifest
    from eyeful.preprocessing import Preprocessing

_TOLERANCE = 1e-3
"""Largest difference of a logit from the head's own, over the largest logit, or over 1 where all are smaller."""


def write_taught(
    base: ModelRequest | Bundle,
    engine_name: str,
    head: TaughtHead,
    labels: tuple[str, ...],
    folder: Path,
    *,
    taught: dict[str, Any],
    preprocessing: Preprocessing | None = None,
    checkpoint: Path | None = None,
) -> Bundle:
    """Write the bundle of a model that was taught.

    Args:
        base: the frozen network: a model by its name, or a bundle, perhaps of one that was taught before. A bundle
            for the same engine is used as it is; another is asked for its network, or the name of its model.
        engine_name: what shall run it.
        head: makes the logits.
        labels: the names of its K labels; "none of these" comes behind them.
        folder: where to; must not exist, or be a bundle, which is replaced.
        taught: what the manifest says of it: plain JSON values. `base` and `base_weights` are filled in.
        preprocessing: of the images that it was taught with; of the base's size, mean and standard deviation.
        checkpoint: the file that a bundle for another engine was made of, if it was.

    Returns:
        the bundle, of K + 1 labels.

    Raises:
        UsageError: the folder holds something else, or the labels do not fit.
        ModelError: the base has no features, is int8, has other weights now, or the engine cannot have it.
    """
    refuse_to_replace(folder)
    _check_labels(head, labels)
    if isinstance(base, Bundle) and base.manifest.precision == "int8":
        raise ModelError(f"{base.folder} is int8, whose vectors are coarse: teach {base.manifest.title} in fp32")
    engine = family(engine_name)
    with tempfile.TemporaryDirectory() as temporary:
        if not isinstance(engine, ConvertedFamily):
            raise ModelError(f"the engine {engine_name} cannot be taught yet")
        frozen = _frozen(base, engine, checkpoint, Path(temporary) / "frozen")
        manifest = _manifest_of(frozen.manifest, head, labels, taught)
        manifest = replace(manifest, preprocessing=preprocessing or manifest.preprocessing)

        def write(place: Path) -> None:
            try:
                engine.write_taught(frozen, head, manifest, place)
            except (EyefulError, OSError):
                raise
            except Exception as error:
                raise ModelError(f"{engine.name} cannot have {manifest.title}: {one_line(error, 300)}") from error
            head.write(place / HEAD)
            _check(Bundle(place, manifest), engine, head)

        return write_bundle(folder, manifest, write)


def _check_labels(head: TaughtHead, labels: tuple[str, ...]) -> None:
    if len(labels) != len(head.weight_KD) or len(set(labels)) != len(labels):
        raise UsageError(f"{len(labels)} labels do not name the {len(head.weight_KD)} rows of a head, each once")
    if NONE_OF_THESE in labels:
        raise UsageError(f"{NONE_OF_THESE!r} cannot be a label of your own: every model that is taught has it")


def _frozen(base: ModelRequest | Bundle, engine: ConvertedFamily, checkpoint: Path | None, place: Path) -> Bundle:
    """The frozen network's bundle for an engine."""
    if isinstance(base, ModelRequest):
        return prepared(base, engine)
    if base.manifest.engine == engine.name:
        return base
    del place
    bundle = prepared(request_behind(base, checkpoint), engine)
    _check_weights(base, bundle.manifest.weights["sha256"])
    return bundle


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


def _check_weights(bundle: Bundle, sha256: str | None) -> None:
    """See that the weights of a model by its name are still those that a bundle was made of."""
    if sha256 != _weights_of(bundle.manifest):
        raise ModelError(
            f"the bundle {bundle.folder} was made of other weights than {bundle.manifest.model} has now: "
            f"{'teach' if bundle.manifest.taught else 'export'} it again"
        )


def _weights_of(manifest: Manifest) -> str:
    """The digest of a network's weights, frozen ones without their head."""
    return str(manifest.weights["sha256"] if manifest.taught is None else manifest.taught["base_weights"])


def _manifest_of(base: Manifest, head: TaughtHead, labels: tuple[str, ...], taught: dict[str, Any]) -> Manifest:
    """The manifest of a model that was taught, without files yet."""
    weights = _weights_of(base)
    digest = hashlib.sha256(f"{weights} {head.sha256}".encode()).hexdigest()
    title = base.title if base.taught is None else base.taught["base"]
    return replace(
        base,
        labels=Labels((*labels, NONE_OF_THESE), (None,) * (len(labels) + 1)),
        weights=base.weights | {"sha256": digest},
        activation="softmax",
        calibration=None,
        taught=taught | {"base": title, "base_weights": weights},
        notes=base.notes[:-1] if base.labels.assumed else base.notes,  # the last tells of labels that are gone
        versions=tool_versions(family(base.engine)),
        files={},
    )


def _check(bundle: Bundle, engine: ConvertedFamily, head: TaughtHead) -> None:
    """See that a new bundle gives the head's logits of its own features, for several images and for one.

    Raises:
        ModelError: it does not.
    """
    title = bundle.manifest.title
    noise = np.random.default_rng(0).integers(0, 256, (3, *bundle.manifest.preprocessing.size, 3), dtype=np.uint8)
    opened = engine.open(bundle, "cpu", "fp32", usable_cores())
    try:
        for batch_NHWC in (noise, noise[:1]):
            found = opened.submit(batch_NHWC).result()
            if found.features_ND is None:
                raise ModelError(f"{engine.name} lost the features of {title}")
            expected = head.logits(found.features_ND)
            difference = float(np.abs(found.logits_NK - expected).max()) / max(1.0, float(np.abs(expected).max()))
            if found.logits_NK.shape != expected.shape or not difference < _TOLERANCE:
                raise ModelError(
                    f"{engine.name}'s logits of {title} differ from what was taught, by {difference:.1e}"
                )
    finally:
        opened.close()
