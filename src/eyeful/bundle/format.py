"""A bundle: `manifest.json` and an engine's files, in one folder.

Cache entry, export and air-gap package are this one format. Normalisation lies inside the engine's graph, so a
batch is plain uint8 NHWC and the manifest fully determines the answer.
"""

import errno
import json
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self, get_args

from eyeful.bundle.files import sha256_of, temporary_beside
from eyeful.errors import BundleError, UsageError
from eyeful.preprocessing import NO_OVERRIDES, InputOverrides, Preprocessing
from eyeful.types import Activation, Labels

FORMAT = 2
MANIFEST = "manifest.json"
_MANIFEST_1 = "passport.json"
"""What a bundle of eyeful 0.1 has instead; it is refused, and may be replaced."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What determines a model's answers, and where it comes from.

    Attributes:
        model: the name that finds the model again.
        architecture: library, name and number of classes.
        preprocessing: the preprocessing that belongs to the weights.
        labels: names and WordNet ids, by position in the output vector.
        activation: what makes probabilities of its logits.
        weights: source, license and sha256 of the weights.
        engine: which engine the files are for.
        precision: int8 where the files hold a quantised network; fp32 files run in whatever the engine can.
        checkpoint: the name of the file whose weights took the place of the model's own; None for its own.
        quantization: how an int8 network was made and what it was found to agree with; None for others.
        calibration: what `eyeful calibrate` found for it; None without.
        notes: what a user should know before trusting its answers, one line each.
        versions: the tools that made the files.
        files: sha256 of every file of the bundle, by name.
    """

    model: str
    architecture: dict[str, Any]
    preprocessing: Preprocessing
    labels: Labels
    weights: dict[str, Any]
    engine: str
    activation: Activation = "softmax"
    precision: str = "fp32"
    checkpoint: str | None = None
    quantization: dict[str, Any] | None = None
    calibration: dict[str, Any] | None = None
    notes: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def title(self) -> str:
        """The model as people call it."""
        return self.model if self.checkpoint is None else f"{self.model} with {self.checkpoint}"

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self) | {"preprocessing": self.preprocessing.as_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Manifest":
        """The inverse of `as_dict`.

        Raises:
            KeyError, TypeError, ValueError: it is not a manifest.
        """
        said = values["labels"]
        labels = Labels(tuple(said["names"]), tuple(said["wnids"]), said.get("assumed", False))
        preprocessing = Preprocessing.from_dict(values["preprocessing"])
        notes = tuple(map(str, values.get("notes", ())))
        manifest = cls(**(values | {"preprocessing": preprocessing, "labels": labels, "notes": notes}))
        fault = manifest.fault()
        if fault:
            raise ValueError(fault)
        return manifest

    def with_activation(self, activation: Activation | None) -> Self:
        """The same with another activation; with its own for None.

        Raises:
            UsageError: softmax of a single logit, which is 1.0 whatever the image.
        """
        if activation == "softmax" and len(self.labels) == 1:
            raise UsageError(f"{self.title} has one output, of which softmax is always 1.0: --activation sigmoid")
        return self if activation is None else replace(self, activation=activation)

    def fault(self) -> str | None:
        """What is wrong with it, if anything: a hand may have changed it."""
        names, wnids = self.labels.names, self.labels.wnids
        faults = {
            "its labels are not names": not names or not all(isinstance(name, str) for name in names),
            "its WordNet ids are not one for each label": len(wnids) != len(names)
            or not all(isinstance(wnid, str | None) for wnid in wnids),
            "its labels are neither assumed nor not": not isinstance(self.labels.assumed, bool),
            "its labels are not those of its classes": self.architecture.get("num_classes", len(names))
            != len(names),
            "its weights have no sha256": not isinstance(self.weights.get("sha256"), str),
            "its activation is unknown": self.activation not in get_args(Activation),
            "its precision is neither fp32 nor int8": self.precision not in ("fp32", "int8"),
            "it lists no files": not self.files or not all(isinstance(one, str) for one in self.files.values()),
        }
        return next((fault for fault, is_so in faults.items() if is_so), None)


@dataclass(frozen=True, slots=True)
class Bundle:
    """One prepared model on disk."""

    folder: Path
    manifest: Manifest

    def copy_files(self, folder: Path) -> None:
        """Copy the engine's files, as `write_bundle` asks for."""
        for name in self.manifest.files:
            shutil.copy(self.folder / name, folder)


def is_bundle(folder: Path) -> bool:
    """Whether a folder says of itself that it is a bundle."""
    try:
        return (folder / MANIFEST).is_file() or (folder / _MANIFEST_1).is_file()
    except (OSError, ValueError):  # no name of a file at all
        return False


def refuse_to_change(bundle: str | Path, overrides: InputOverrides, checkpoint: str | Path | None = None) -> None:
    """See that nothing is asked of a bundle that lies fixed in its files.

    Raises:
        UsageError: it is.
    """
    if checkpoint or overrides != NO_OVERRIDES:
        raise UsageError(
            f"the bundle {bundle} has its weights, size, mean and std; load the model by name to change them"
        )


def names_in(folder: Path) -> set[str]:
    """The names of a bundle's files: its manifest, and what that lists, if it can be read."""
    name = MANIFEST if (folder / MANIFEST).is_file() else _MANIFEST_1
    try:
        files = json.loads((folder / name).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        files = {}
    return {name, *files} if isinstance(files, dict) else {name}


def write_bundle(folder: Path, manifest: Manifest, write_files: Callable[[Path], object]) -> Bundle:
    """Make a bundle that is whole or not there: written beside its place, hashed, then renamed.

    Of several writers at once, each succeeds, and the last one's bundle stays.

    Args:
        folder: where it shall be; an existing bundle there is replaced.
        manifest: everything but the file hashes.
        write_files: writes the engine's files into the folder it is given; what it raises leaves nothing behind.

    Raises:
        BundleError: it cannot be written there.
    """
    folder = folder.resolve()
    temporary = temporary_beside(folder)
    try:
        temporary.mkdir(parents=True)
    except OSError as error:
        raise BundleError(f"cannot write a prepared model to {folder}: {error}") from error
    try:
        write_files(temporary)
        files = {path.name: sha256_of(path) for path in sorted(temporary.iterdir())}
        manifest = replace(manifest, files=files)
        text = json.dumps(manifest.as_dict(), indent=1, ensure_ascii=False)
        (temporary / MANIFEST).write_text(text + "\n", encoding="utf-8")
        _put(temporary, folder)
    except (OSError, RuntimeError) as error:  # RuntimeError: what OpenVINO makes of a full disk
        raise BundleError(f"cannot write a prepared model to {folder}: {error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Bundle(folder, manifest)


def _put(temporary: Path, folder: Path) -> None:
    """Give a new folder its name; the old one goes only when the new one is there.

    A folder cannot be renamed onto another. So the old one is moved aside first, and when another writer was
    faster, its bundle is the old one now.
    """
    aside: list[Path] = []
    try:
        while True:
            try:
                temporary.rename(folder)
                return
            except OSError as error:
                if error.errno not in _OCCUPIED:
                    raise
            old = temporary_beside(folder).with_suffix(_ASIDE)
            with suppress(FileNotFoundError):  # another writer moved it just now
                folder.rename(old)
                aside.append(old)
    except OSError:
        if aside and not folder.exists():
            aside.pop().rename(folder)
        raise
    finally:
        for old in aside:
            shutil.rmtree(old, ignore_errors=True)


def read_bundle(folder: Path) -> Bundle:
    """Open a bundle and check every file against its manifest.

    Raises:
        BundleError: it is missing, damaged or of another format; the text names the file.
    """
    for _ in range(_READS):
        before = _identity(folder)
        try:
            return _read(folder)
        except BundleError:
            # the old one is looked for first: it goes only when the new one is there, which is looked for then
            replaced = before is None and _is_moved_aside(folder)
            if _identity(folder) == before and not replaced:
                raise
            time.sleep(0.001)  # a writer replaces it at this moment
    return _read(folder)


def _read(folder: Path) -> Bundle:
    if not (folder / MANIFEST).exists() and (folder / _MANIFEST_1).exists():
        raise BundleError(
            f"{folder} is a bundle of eyeful 0.1, which this one does not read: {_command_for(folder)}"
        )
    try:
        values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if values.get("format") != FORMAT:
            raise BundleError(
                f"{folder}: bundle format {values.get('format')} is not {FORMAT}, which this eyeful reads; "
                "export the model again"
            )
        manifest = Manifest.from_dict(values)
        for name, expected in manifest.files.items():
            if sha256_of(folder / name) != expected:
                raise BundleError(f"{folder / name} is damaged: its sha256 is not the manifest's; {_REMEDY}")
    except OSError as error:
        name = Path(error.filename or folder).name
        raise BundleError(f"{folder}: {name} cannot be read ({error.strerror}); {_REMEDY}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(f"{folder / MANIFEST} is not a manifest ({error!r}); {_REMEDY}") from error
    return Bundle(folder, manifest)


def _command_for(folder: Path) -> str:
    """What makes a bundle of eyeful 0.1 anew."""
    try:
        values = json.loads((folder / _MANIFEST_1).read_text(encoding="utf-8"))
        model, _, checkpoint = str(values["model"]).partition(" with ")
        engine, size = values["engine"], values["recipe"]["size"][0]
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return f"eyeful export MODEL -o {folder} --overwrite"
    with_checkpoint = f" --checkpoint {checkpoint}" if checkpoint else ""
    return f"eyeful export {model}{with_checkpoint} -o {folder} --engine {engine} --img-size {size} --overwrite"


def _identity(folder: Path) -> tuple[int, int] | None:
    """What tells one folder of a name from the next; None where there is none."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_ino, status.st_ctime_ns


def _is_moved_aside(folder: Path) -> bool:
    """Whether a writer is between moving the old bundle aside and naming the new one."""
    try:
        return any(path.name.startswith(f".{folder.name}.") for path in folder.parent.glob(f"*{_ASIDE}"))
    except OSError:
        return False


_REMEDY = "delete the folder, then prepare or export the model again"
_ASIDE = ".old"
_OCCUPIED = (errno.ENOTEMPTY, errno.EEXIST)
_READS = 50
"""Attempts to read a bundle that is being replaced, a millisecond apart."""
