"""A TorchServe archive, as torch-model-archiver writes it → what a model can be made of. None of its code is run.

resnet-18.mar
├─ MAR-INF/MANIFEST.json   names the handler and the files:
├─ resnet18.pth            serializedFile: a state_dict
├─ model.py                modelFile: the network's code
└─ index_to_name.json      the labels, always by this name
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from eyeful.errors import CheckpointError, ModelError, UsageError, one_line
from eyeful.models.archive_members import members_of
from eyeful.models.checkpoint_formats import BEGINNING, foreign_beginning, foreign_format
from eyeful.preprocessing import Preprocessing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eyeful.models.archive_members import Member

HANDLER = "image_classifier"
HANDLER_PREPROCESSING = Preprocessing(
    size=(224, 224),
    scale_size=(256, 256),
    interpolation="bilinear",
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
)
"""That handler's, whatever the network: Resize(256), CenterCrop(224), ToTensor, Normalize (TorchServe 0.12,
`ts/torch_handler/image_classifier.py`)."""

_OTHER_TASKS = ("text_classifier", "object_detector", "image_segmenter", "vllm_handler", "trt_llm_handler")
"""TorchServe's own handlers that classify no images."""
_MANIFEST, _LABELS = "MAR-INF/MANIFEST.json", "index_to_name.json"
_FILE_NAME = re.compile(r"(?!\.{1,2}$)[^/\\\x00-\x1f\ud800-\udfff]+")
_FORWARD = re.compile(rb"\bdef\s+forward\s*\(|\bforward\s*=")


@dataclass(frozen=True, slots=True)
class TorchServeArchive:
    """What an archive has of a model.

    Attributes:
        weights: a copy of its weights, under their own name.
        labels: a copy of its index_to_name.json, or the file that takes its place.
        model_file: the name of the file with the network's code; None where it names none.
        has_forward: whether that code defines a forward of its own, instead of a library's.
    """

    weights: Path
    labels: Path
    model_file: str | None
    has_forward: bool


@contextmanager
def unpacked(path: Path, *, handler: str | None = None, labels: Path | None = None) -> Iterator[TorchServeArchive]:
    """The weights and labels of an archive as files, which are gone afterwards; nothing else of it is unpacked.

    Args:
        path: a .mar, a .tar.gz, or the folder that `--archive-format no-archive` makes.
        handler: the handler that it is to be read as having, whatever it names.
        labels: a label file in place of its index_to_name.json.

    Raises:
        UsageError: it is for another task, or its preprocessing is code.
        ModelError: it is missing, damaged or incomplete, or holds no state_dict.
        OutputError: its files cannot be written to the temporary folder.
        EyefulError: what is raised inside the context, with the archive's name in place of the copies'.
    """
    with TemporaryDirectory(prefix="eyeful-mar-") as name:
        folder = Path(name).resolve()
        try:
            with members_of(path) as members:
                files = _files_of_model(path, members)
                model = _described(path, files[_MANIFEST])
                own = f"{HANDLER}.py" if f"{HANDLER}.py" in files else model["handler"]
                _check_handler(path, own, handler)
                weights, model_file = model["serializedFile"], model.get("modelFile")
                _copy_weights(path, files, weights, folder)
                if labels is None:
                    _copy_labels(path, files, folder)
                has_forward = model_file in files and _FORWARD.search(files[model_file].read()) is not None
            yield TorchServeArchive(folder / weights, labels or folder / _LABELS, model_file, has_forward)
        except (ModelError, UsageError) as error:
            raise type(error)(str(error).replace(str(folder), str(path))) from error


def _files_of_model(path: Path, members: dict[str, Member]) -> dict[str, Member]:
    """The members by their names beside MAR-INF: in a .tar.gz all lies in a folder."""
    manifests = [name for name in members if f"/{name}".endswith(f"/{_MANIFEST}")]
    if len(manifests) != 1:
        found = f"{len(manifests)} files" if manifests else "no file"
        raise ModelError(f"{path} is no TorchServe archive: it has {found} {_MANIFEST}")
    base = manifests[0].removesuffix(_MANIFEST)
    return {name.removeprefix(base): member for name, member in members.items() if name.startswith(base)}


def _described(path: Path, manifest: Member) -> dict[str, Any]:
    """What a manifest says of the model: names of its handler and of files.

    Raises:
        ModelError: it does not say them.
    """
    said = _json(manifest)
    model = said.get("model") if isinstance(said, dict) else None
    if not isinstance(model, dict) or not model.get("handler"):
        raise ModelError(f"{path} is no TorchServe archive: its {_MANIFEST} names no model with a handler")
    if not model.get("serializedFile"):
        raise ModelError(f"{path} names no serializedFile: its weights are found by its code, which is not run")
    for key in ("handler", "serializedFile", "modelFile"):
        name = model.get(key) or key
        if not isinstance(name, str) or not _FILE_NAME.fullmatch(name):
            raise ModelError(f"{path} is refused: the {key} of its manifest, {name!r}, is no name of a file in it")
    return model


def _check_handler(path: Path, own: str, handler: str | None) -> None:
    if own in _OTHER_TASKS:
        raise UsageError(f"{path} is for TorchServe's {own}: eyeful classifies images, as {HANDLER} does")
    if HANDLER not in (own, handler):
        raise UsageError(
            f"{path} has the handler {own}, code that is not run: if it prepares images as TorchServe's {HANDLER} "
            f"does ({HANDLER_PREPROCESSING}), add --handler {HANDLER}; if not, unpack it, and eyeful export "
            f"ARCHITECTURE --checkpoint WEIGHTS --labels {_LABELS} takes --img-size, --mean and --std"
        )


def _copy_weights(path: Path, files: dict[str, Member], name: str, folder: Path) -> None:
    if name not in files:
        raise ModelError(f"{path} has no file {name}, where its manifest says that its weights are")
    weights, copy = files[name], folder / name
    foreign = foreign_beginning(weights.beginning(BEGINNING), copy)  # before gigabytes of anything are copied
    if foreign is None:
        weights.copy_to(copy)
        foreign = foreign_format(copy)
    if foreign is not None:
        more = "import-mar takes the unpacked folder with a state_dict in its place"
        raise CheckpointError(f"{path}/{name} is {foreign}; {more}")


def _copy_labels(path: Path, files: dict[str, Member], folder: Path) -> None:
    """Copy index_to_name.json, if TorchServe reads it as a label file is read, which may count from 1."""
    if _LABELS not in files:
        raise ModelError(f"{path} has no {_LABELS}: --labels FILE names its classes")
    mapping = _json(files[_LABELS])
    if not isinstance(mapping, dict) or not ("0" in mapping or "object_type_names" in mapping):
        raise ModelError(f'{path}/{_LABELS} names no "0", from which TorchServe counts: --labels FILE names all')
    files[_LABELS].copy_to(folder / _LABELS)


def _json(member: Member) -> Any:
    try:
        return json.loads(member.read())
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{member.title} is not JSON: {one_line(error)}") from error
