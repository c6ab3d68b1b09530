"""What a file that is no checkpoint is, told from its first bytes, and how to come to one."""

from __future__ import annotations

import re
import tarfile
import zipfile
from typing import TYPE_CHECKING

from eyeful.models.file_names import (
    FOREIGN,
    FROM_ITS_MAKER,
    FROM_TORCHSCRIPT,
    GRAPHS,
    STATE_DICT,
    TO_ONNX,
    foreign_by_name,
)

if TYPE_CHECKING:
    from pathlib import Path

_ONNX = "ONNX, a network and no checkpoint: --model FILE.onnx runs it, with --labels"
_OPENVINO = "OpenVINO's XML, a network and no checkpoint: --model FILE.xml runs it, with --labels"


def _named(ending: str) -> str:
    """What files of an ending are, and the way out."""
    return ": ".join(FOREIGN[ending])


SAFETENSORS = re.compile(rb".{6}\x00\x00\{", re.DOTALL)
"""How a safetensors file begins: the length of its header in 8 bytes, then JSON."""

_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (rb"version https://git-lfs", "a Git LFS pointer, not the file itself: `git lfs pull` fetches it"),
    (
        rb"(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)?<(!doctype html|html|head|body)",
        "a web page, perhaps a failed download: fetch the file again",
    ),
    (rb"(\xef\xbb\xbf)?\s*(<\?xml.{0,200})?<net\b", _OPENVINO),
    (rb"(\xef\xbb\xbf)?\s*<\?xml", "XML, perhaps a server's error message: fetch the file again"),
    (rb"\x89HDF\r\n\x1a\n", f"HDF5, as Keras writes .h5: {TO_ONNX}"),
    (rb".{4}TFL3", _named(".tflite")),
    (rb"\x08\x01\x12", f"a TensorFlow model: {TO_ONNX}"),
    (rb"\x08[\x03-\x20][\x12\x1a\x22\x28\x32\x3a\x42]", _ONNX),
    (rb".{4}ET\d\d", f"an ExecuTorch program: {FROM_ITS_MAKER}"),
    (rb"GGUF", "GGUF, a language model's format: eyeful reads weights of image classifiers"),
    (rb"\x93NUMPY", f"a NumPy array: {FROM_ITS_MAKER}"),
    (rb"MATLAB", f"a MATLAB file: {TO_ONNX}"),
    (rb"\x12\x01\x00\x00\x00\x00\x00\x00", f"MXNet's parameters: {TO_ONNX}"),
    (rb"ftrt", _named(".engine")),
    (rb"\x1f\x8b", "compressed by gzip: unpack it with `gunzip`"),
    (rb"BZh", "compressed by bzip2: unpack it with `bunzip2`"),
    (rb"\xfd7zXZ\x00", "compressed by xz: unpack it with `unxz`"),
    (rb"\x28\xb5\x2f\xfd", "compressed by zstd: unpack it with `unzstd`"),
    (rb"7z\xbc\xaf\x27\x1c|Rar!", "a 7-Zip or RAR archive: unpack it, and name the file in it"),
    (rb"\xff\xd8\xff|\x89PNG|GIF8|RIFF.{4}WEBP|%PDF", "an image or a document, not weights"),
    (
        rb"\s*\{.{0,200}\"(weight_map|metadata)\"",
        "the index of weights in several files: merge them into one .safetensors file",
    ),
    (rb"\s*[\{\[]\s*[\"\]\}\d]", "JSON, not weights"),
)
"""How a file begins, as a pattern; what it is, and the way out. The first that matches is right."""

_FLAGS = re.DOTALL | re.IGNORECASE

BEGINNING = 512
"""Bytes at the beginning of a file that tell its format."""
_ZIP, _TAR = b"PK\x03\x04", b"ustar"
"""How a zip file begins, and what a tar archive has at 257."""
_PICKLE, _TORCH_MAGIC = b"\x80", b"\x8a\x0al\xfc\x9cF\xf9"
"""How any pickle begins, and what torch has written near its start since there is `torch.save`."""

_IN_ZIP: tuple[tuple[str, str], ...] = (
    (
        r"(.*/)?(code/.*\.py|constants\.pkl)",
        f"TorchScript, code and weights in one: {FROM_TORCHSCRIPT}",
    ),
    (
        r"(.*/)?(serialized_exported_program\.json|archive_format|models/.*\.json)",
        "a program of torch.export: torch.save(torch.export.load(FILE).state_dict, NEW)",
    ),
    (r"MAR-INF/.*", _named(".mar")),
    (r"model\.weights\.h5", _named(".keras")),
    (r"(.*/)?saved_model\.pb", f"a zipped TensorFlow model: {TO_ONNX}"),
    (r".*\.npy", f"NumPy arrays (.npz), as JAX's vision transformers have them: {FROM_ITS_MAKER}"),
    (r".*\.mlmodel", _named(".mlmodel")),
)
"""A name in a zip file, as a pattern, and what the zip file is. The first that matches is right."""

_TORCH_0_1 = {"pickle", "storages", "tensors"}
"""Members of the tar files of torch 0.1."""


def foreign_format(path: Path) -> str | None:
    """What a file is that torch must not even try to read, and what to do; None for what may be a checkpoint.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(BEGINNING)
    foreign = foreign_beginning(start, path)
    if foreign is not None or SAFETENSORS.match(start):
        return foreign
    if start.startswith(_ZIP):
        return _in_zip(path)
    return _in_tar(path) if start[257:262] == _TAR else None


def foreign_beginning(start: bytes, path: Path) -> str | None:
    """The same from the first `BEGINNING` bytes and the name alone; None for an archive: its content decides."""
    if not start:
        return "empty: fetch or save it again"
    if SAFETENSORS.match(start) or start.startswith(_ZIP) or start[257:262] == _TAR:
        return None
    if start.startswith(_PICKLE):
        if _TORCH_MAGIC in start:
            return None
        return f"a pickle that torch.save did not write, which only running code can read: {FROM_ITS_MAKER}"
    by_content = (meaning for pattern, meaning in _BEGINNINGS if re.match(pattern, start, _FLAGS))
    return (
        next(by_content, None)
        or format_by_ending(path)
        or f"not a checkpoint, or damaged: it begins with {start[:9]!r}"
    )


def format_by_ending(path: Path) -> str | None:
    """What a file that could not be read is by its name; None where its name tells nothing."""
    if ".data-0000" in path.name:
        return f"part of a TensorFlow checkpoint: {TO_ONNX}"
    if path.suffix.lower() in GRAPHS:
        return _ONNX if path.suffix.lower() == ".onnx" else _OPENVINO
    foreign = foreign_by_name(path.name)
    return None if foreign is None else ": ".join(foreign)


def _in_zip(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return "damaged, a zip file that was cut off: fetch or save it again"
    for pattern, meaning in _IN_ZIP:
        if any(re.fullmatch(pattern, name) for name in names):
            return meaning
    if any(re.fullmatch(r"([^/]*/)?data\.pkl", name) for name in names):
        return None
    inside = names[0] if names else "nothing"
    return f"a zip file with {inside} in it, not a checkpoint: unpack it, and name the weights"


def _in_tar(path: Path) -> str:
    try:
        with tarfile.open(path) as archive:
            names = set(archive.getnames())
    except (OSError, tarfile.TarError, ValueError, EOFError):
        return "a damaged tar archive: fetch it again"
    if names >= _TORCH_0_1:
        return (
            "in torch 0.1's tar format, which torch reads only by running code: with a torch of that time, or on "
            f"a machine that you can lose, torch.load(FILE, weights_only=False), then {STATE_DICT}"
        )
    return "a tar archive: unpack it, and name the weights in it"
