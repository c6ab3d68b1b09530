"""A head that was taught and a frozen network → a bundle, which gives the head's logits, or never gets its name.

Its files hold the network's weights as they are. `head.npz` lies beside them, of which a bundle for another engine
can be made.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eyeful.bundle import HEAD, Bundle, TaughtHead, read_bundle, write_bundle
from eyeful.cpu import usable_cores
from eyeful.engines import ConvertedFamily, ModuleFamily, family
from eyeful.errors import EngineError, EyefulError, ModelError, UsageError, one_line
from eyeful.prepare import deploy, network_of, refuse_to_replace, with_calibration
from eyeful.prepare.frozen import frozen_bundle, frozen_network, taken_apart, weights_of
from eyeful.prepare.manifest import tool_versions
from eyeful.types import NONE_OF_THESE, Labels

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from eyeful.bundle import Manifest
    from eyeful.engines import Engine, EngineFamily
    from eyeful.models import ModelRequest
    from eyeful.preprocessing import Preprocessing
    from eyeful.results import Calibration

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
        taught: what the manifest says of it: plain JSON values. `base` and `base_weights` are filled in; where it
            has `base_weights`, of the network whose features the head was made of, the base must have these.
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
        write_files: Callable[[Manifest, Path], None]
        if isinstance(engine, ConvertedFamily):
            frozen = frozen_bundle(base, engine, checkpoint, Path(temporary) / "frozen")
            own, write_files = frozen.manifest, partial(engine.write_taught, frozen, head)
        else:
            module, own = frozen_network(base, engine, checkpoint)
            write_files = partial(_write_module, module, own, head)
        known = base.manifest if isinstance(base, Bundle) else own
        manifest = _manifest_of(own, engine, head, _with_none(labels, known.labels), taught)
        manifest = replace(manifest, preprocessing=preprocessing or known.preprocessing)

        def write(place: Path) -> None:
            try:
                write_files(manifest, place)
            except (EyefulError, OSError):
                raise
            except Exception as error:
                raise ModelError(f"{engine.name} cannot have {manifest.title}: {one_line(error, 300)}") from error
            head.write(place / HEAD)
            _check(Bundle(place, manifest), engine, head)

        return write_bundle(folder, manifest, write)


def network_behind(bundle: Bundle, checkpoint: Path | None = None) -> nn.Module:
    """The network of a model that was taught as torch has it, with its head, whatever its bundle is for.

    Args:
        bundle: of a model that was taught.
        checkpoint: the file that it was made of, if it was.

    Raises:
        ModelError: its frozen network is not to be had, or has other weights now.
        MissingExtraError: torch is not installed.
    """
    manifest = bundle.manifest
    if isinstance(family(manifest.engine), ModuleFamily):
        return network_of(bundle)
    from eyeful.prepare.deployed import put_head

    module, own = frozen_network(bundle, family("torch"), checkpoint)
    put_head(module, TaughtHead.read(bundle.folder / HEAD), manifest.preprocessing, own.title)
    return module


def export_taught(
    bundle: Bundle,
    folder: Path,
    engine_name: str,
    *,
    calibration: Calibration | None = None,
    checkpoint: Path | None = None,
) -> Bundle:
    """Write the bundle of a model that was taught once more: for another engine, or as its manifest is now.

    Args:
        bundle: of the model that was taught; its manifest may have other labels than its file.
        folder: where to; must not exist, or be a bundle, which is replaced.
        engine_name: what shall run it.
        calibration: what is promised of its answers; for the same engine, the bundle's own when None.
        checkpoint: the file that it was made of, if it was and is needed.

    Raises:
        UsageError: the folder holds something else, or the calibration is another model's.
        ModelError: the frozen network is not to be had for that engine, or has other weights now.
    """
    refuse_to_replace(folder)
    manifest = bundle.manifest
    same_names = read_bundle(bundle.folder).manifest.labels == manifest.labels  # an engine's files may hold them
    if engine_name == manifest.engine and (same_names or manifest.precision == "int8"):
        return write_bundle(folder, with_calibration(manifest, calibration), bundle.copy_files)
    if manifest.precision == "int8":
        raise ModelError(f"{bundle.folder} is int8, for {manifest.engine} only: export the fp32 bundle instead")
    head = TaughtHead.read(bundle.folder / HEAD)
    with tempfile.TemporaryDirectory() as temporary:
        made = write_taught(
            bundle,
            engine_name,
            head,
            manifest.labels.names[:-1],
            Path(temporary) / "made",
            taught=manifest.taught or {},
            checkpoint=checkpoint,
        )
        return write_bundle(folder, with_calibration(made.manifest, calibration), made.copy_files)


def _with_none(names: tuple[str, ...], known: Labels) -> Labels:
    """Labels and "none of these"; those that are known already have their WordNet ids."""
    found = Labels(names, (None,) * len(names)).with_none()
    return known if known.names == found.names else found


def _check_labels(head: TaughtHead, labels: tuple[str, ...]) -> None:
    if len(labels) != len(head.weight_KD) or len(set(labels)) != len(labels):
        raise UsageError(f"{len(labels)} labels do not name the {len(head.weight_KD)} rows of a head, each once")
    if NONE_OF_THESE in labels:
        raise UsageError(f"{NONE_OF_THESE!r} cannot be a label of your own: every model that is taught has it")


def _write_module(module: nn.Module, own: Manifest, head: TaughtHead, manifest: Manifest, folder: Path) -> None:
    """Write a frozen network's weights, as they are, if a head fits it."""
    from eyeful.prepare.torch import write_module

    del manifest
    write_module(module, folder)
    last = taken_apart(module, own).head
    head.check_fits(None if last is None else last.in_features, own.title)


def _manifest_of(
    base: Manifest, engine: EngineFamily, head: TaughtHead, labels: Labels, taught: dict[str, Any]
) -> Manifest:
    """The manifest of a model that was taught, without files yet.

    Raises:
        ModelError: the base has other weights than those that made the head's features.
    """
    weights = weights_of(base)
    digest = hashlib.sha256(f"{weights} {head.sha256}".encode()).hexdigest()
    title = base.title if base.taught is None else base.taught["base"]
    if taught.get("base_weights", weights) != weights:
        raise ModelError(
            f"{title} has other weights now than those that made the features: load it again, and teach again"
        )
    return replace(
        base,
        labels=labels,
        weights=base.weights | {"sha256": digest},
        engine=engine.name,
        activation="softmax",
        calibration=None,
        taught=taught | {"base": title, "base_weights": weights},
        notes=base.notes[:-1] if base.labels.assumed else base.notes,  # the last tells of labels that are gone
        versions=tool_versions(engine),
        files={},
    )


def _check(bundle: Bundle, engine: EngineFamily, head: TaughtHead) -> None:
    """See that a new bundle gives the head's logits of its own features, for several images and for one.

    Raises:
        ModelError: it does not.
    """
    title, size = bundle.manifest.title, bundle.manifest.preprocessing.size
    noise = np.random.default_rng(0).integers(0, 256, (3, *size, 3), dtype=np.uint8)
    opened = _opened(bundle, engine)
    try:
        for batch_NHWC in (noise, noise[:1]):
            found = opened.submit(batch_NHWC).result()
            if found.features_ND is None:
                raise ModelError(f"{engine.name} lost the features of {title}")
            expected = head.logits(found.features_ND)
            difference = np.inf
            if found.logits_NK.shape == expected.shape:
                difference = float(np.abs(found.logits_NK - expected).max() / max(1.0, np.abs(expected).max()))
            if not difference < _TOLERANCE:
                raise ModelError(
                    f"{engine.name}'s logits of {title} differ from what was taught, by {difference:.1e}"
                )
    except EngineError as error:
        raise ModelError(f"{engine.name} cannot run {title} ({error})") from error
    finally:
        opened.close()


def _opened(bundle: Bundle, engine: EngineFamily) -> Engine:
    device = "cpu" if "cpu" in engine.devices else engine.devices[0]
    if isinstance(engine, ConvertedFamily):
        return engine.open(bundle, device, "fp32", usable_cores())
    assert isinstance(engine, ModuleFamily)  # noqa: S101 - there is no third kind
    network = deploy(network_of(bundle), bundle.manifest)
    return engine.open_module(network, device, "fp32", usable_cores())
