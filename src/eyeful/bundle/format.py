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
from dataclasses import dataclass, replace
from pathlib import Path

from eyeful.bundle.files import sha256_of, temporary_beside
from eyeful.bundle.manifest import FORMAT, Manifest, unknown_fields
from eyeful.errors import BundleError, UsageError
from eyeful.preprocessing import NO_OVERRIDES, InputOverrides

MANIFEST = "manifest.json"
_MANIFEST_1 = "passport.json"
"""What a bundle of eyeful 0.1 has instead; it is refused, and may be replaced."""


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
        (temporary / MANIFEST).write_text(text + "\n", encoding="utf-8", newline="\n")
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
        found = values.get("format")
        if found != FORMAT:
            raise BundleError(
                f"{folder}: bundle format {found} is not {FORMAT}, which this eyeful reads; "
                + (_NEWER if isinstance(found, int) and found > FORMAT else "export the model again")
            )
        unknown = unknown_fields(values)
        if unknown:
            raise BundleError(f"{folder / MANIFEST} says what this eyeful does not know: {unknown}; {_NEWER}")
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


_NEWER = "upgrade eyeful, or export the model again with this one"
_REMEDY = "delete the folder, then prepare or export the model again"
_ASIDE = ".old"
_OCCUPIED = (errno.ENOTEMPTY, errno.EEXIST)
_READS = 50
"""Attempts to read a bundle that is being replaced, a millisecond apart."""
