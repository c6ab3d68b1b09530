"""A model in one object, which travels to every node once and is a bundle there."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from eyeful.bundle import Bundle, is_bundle, read_bundle, single_flight, write_bundle
from eyeful.cache import cache_folder
from eyeful.engines import choose
from eyeful.models.labels import relabelled_manifest
from eyeful.predictor.open import request_of
from eyeful.prepare import export
from eyeful.prepare.taught import export_taught

if TYPE_CHECKING:
    from eyeful.bundle import Manifest
    from eyeful.predictor import PredictorSpec


@dataclass(frozen=True, slots=True)
class Package:
    """A bundle in memory.

    Attributes:
        manifest: what it says of itself.
        files: name → content, but for the manifest.
    """

    manifest: Manifest
    files: dict[str, bytes]

    def unpack(self) -> Path:
        """The folder of the bundle on this machine; whole, whoever unpacks it at the same time."""
        digest = hashlib.sha256(repr(self.manifest.as_dict()).encode()).hexdigest()[:16]

        def write_files(folder: Path) -> None:
            for name, content in self.files.items():
                (folder / name).write_bytes(content)

        def make(folder: Path) -> Bundle:
            return write_bundle(folder, self.manifest, write_files)

        return single_flight(cache_folder() / "cluster" / digest, make).folder


def pack(spec: PredictorSpec, *, gpus: bool) -> tuple[Package, PredictorSpec]:
    """What a spec names, prepared here, and the spec that is left to say where it is unpacked.

    Args:
        spec: a request; with all that it may say of the model and its input.
        gpus: it shall run on GPUs, which this machine need not have.

    Raises:
        UsageError, ModelError, EngineError, MissingExtraError: as for `Predictor.open`.
    """
    if is_bundle(Path(spec.model)):
        bundle = read_bundle(Path(spec.model))
        manifest = relabelled_manifest(bundle.manifest, spec.labels)
        on_torch = spec.engine == "torch" or (gpus and spec.engine == "auto")
        if manifest.taught is not None and on_torch and manifest.engine != "torch":
            return _for_torch(replace(bundle, manifest=manifest), spec)
        return _package(bundle, manifest), replace(spec, labels=None)  # the rest is refused where it is opened
    if gpus and spec.engine == "auto":
        engine = "torch"
    else:
        engine = choose("auto" if gpus else spec.device, spec.engine, spec.precision).engine
    with tempfile.TemporaryDirectory() as folder:
        bundle = export(request_of(spec), Path(folder) / "model", engine)
        package = _package(bundle, bundle.manifest)
    return package, replace(spec, checkpoint=None, labels=None, img_size=None, mean=None, std=None)


def _for_torch(bundle: Bundle, spec: PredictorSpec) -> tuple[Package, PredictorSpec]:
    """A model that was taught, with its frozen network, which no node need have by its name."""
    checkpoint = Path(spec.checkpoint) if spec.checkpoint else None
    with tempfile.TemporaryDirectory() as folder:
        made = export_taught(bundle, Path(folder) / "model", "torch", checkpoint=checkpoint)
        return _package(made, made.manifest), replace(spec, labels=None, checkpoint=None)


def _package(bundle: Bundle, manifest: Manifest) -> Package:
    return Package(manifest, {name: (bundle.folder / name).read_bytes() for name in manifest.files})
