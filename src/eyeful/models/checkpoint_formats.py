"""What a file that is no checkpoint is, told from its first bytes, and how to come to one."""

from __future__ import annotations

import re
import tarfile
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_STATE_DICT = "torch.save(model.state_dict(), FILE)"
_EXPORT = f"in the program that trained it: {_STATE_DICT}"

SAFETENSORS = re.compile(rb".{6}\x00\x00\{", re.DOTALL)
"""How a safetensors file begins: the length of its header in 8 bytes, then JSON."""

_BEGINNINGS: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL | re.IGNORECASE), meaning)
    for pattern, meaning in (
        (rb"version https://git-lfs", "a Git LFS pointer, not the file itself: `git lfs pull` fetches it"),
        (rb"(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)?<(!doctype html|html|head|body)", "a web page, perhaps a failed download: fetch the file again"),
        (rb"(\xef\xbb\xbf)?\s*<\?xml.{0,200}<net\b|\s*<net\b", "OpenVINO's XML, a network without torch's weights: " + _EXPORT),
        (rb"(\xef\xbb\xbf)?\s*<\?xml", "XML, perhaps a server's error message: fetch the file again"),
        (rb"\x89HDF\r\n\x1a\n", "HDF5, as Keras writes .h5 and .keras weights: " + "eyeful reads PyTorch's"),
        (rb".{4}TFL3", "a TensorFlow Lite model: eyeful reads PyTorch's weights"),
        (rb".{4}ET\d\d", "an ExecuTorch program: " + _EXPORT),
        (rb"GGUF", "GGUF, a language model's format: eyeful reads weights of image classifiers"),
        (rb"\x93NUMPY", "a NumPy array: " + _EXPORT),
        (rb"\x08[\x01-\x20][\x10-\x1a\x22\x3a\x42]|\x08[\x01-\x20]\x12.[\x20-\x7e]", "ONNX, a network and no checkpoint: " + _EXPORT),
        (rb"\x12\x01\x00\x00\x00\x00\x00\x00", "MXNet's parameters: eyeful reads PyTorch's weights"),
        (rb"ftrt", "a TensorRT engine, made for one GPU: " + _EXPORT),
        (rb"\x1f\x8b", "compressed by gzip: unpack it with `gunzip`"),
        (rb"BZh", "compressed by bzip2: unpack it with `bunzip2`"),
        (rb"\xfd7zXZ\x00", "compressed by xz: unpack it with `unxz`"),
        (rb"\x28\xb5\x2f\xfd", "compressed by zstd: unpack it with `unzstd`"),
        (rb"7z\xbc\xaf\x27\x1c|Rar!", "a 7-Zip or RAR archive: unpack it, and name the file in it"),
        (rb"\xff\xd8\xff|\x89PNG|GIF8|RIFF.{4}WEBP|%PDF", "an image or a document, not weights"),
        (rb"\s*\{.{0,200}\"(weight_map|metadata)\"", "the index of weights in several files: merge them into one .safetensors file"),
        (rb"\s*[\{\[]\s*[\"\]\}\d]", "JSON, not weights"),
    )
)  # fmt: skip
"""Beginning of a file → what it is, and the way out; the first that matches is right."""

_ENDINGS = {
    ".pb": "a TensorFlow graph: eyeful reads PyTorch's weights",
    ".index": "the index of a TensorFlow checkpoint: eyeful reads PyTorch's weights",
    ".h5": "HDF5, as Keras writes it: eyeful reads PyTorch's weights",
    ".mlmodel": "a Core ML model: " + _EXPORT,
    ".caffemodel": "Caffe's weights: eyeful reads PyTorch's",
    ".prototxt": "Caffe's description of a network: eyeful reads PyTorch's weights",
    ".weights": "Darknet's weights: eyeful reads PyTorch's",
    ".pdparams": "PaddlePaddle's weights: eyeful reads PyTorch's",
    ".msgpack": "Flax's weights: eyeful reads PyTorch's",
    ".engine": "a TensorRT engine, made for one GPU: " + _EXPORT,
    ".onnx": "ONNX, a network and no checkpoint: " + _EXPORT,
    ".xml": "OpenVINO's XML, a network without torch's weights: " + _EXPORT,
}
"""Ending of a file's name that torch cannot read → the same. Only asked when the file could not be read."""

_IN_ZIP: tuple[tuple[str, str], ...] = (
    (r"(.*/)?code/.*\.py|(.*/)?constants\.pkl", f"TorchScript, code and weights in one: torch.save(torch.jit.load(FILE).state_dict(), NEW)"),
    (r"(.*/)?serialized_exported_program\.json|(.*/)?archive_format|(.*/)?models/.*\.json", "a program of torch.export: torch.save(torch.export.load(FILE).state_dict, NEW)"),
    (r"MAR-INF/.*", "a TorchServe archive: unpack it, and name the weights in it"),
    (r"model\.weights\.h5", "a Keras model: eyeful reads PyTorch's weights"),
    (r".*saved_model\.pb", "a zipped TensorFlow model: eyeful reads PyTorch's weights"),
    (r".*\.npy", "NumPy arrays (.npz), as JAX's vision transformers have them: " + _EXPORT),
    (r".*\.mlmodel", "a Core ML model: " + _EXPORT),
)  # fmt: skip
"""Name in a zip file → what the zip file is; the first that matches is right."""

_TORCH_0_1 = {"pickle", "storages", "tensors"}
"""Members of the tar files of torch 0.1."""


def foreign_format(path: Path) -> str | None:
    """What a file is that torch must not even try to read, and what to do; None for what may be a checkpoint.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(512)
    if not start:
        return "empty: fetch or save it again"
    if SAFETENSORS.match(start):
        return None
    if start.startswith(b"PK\x03\x04"):
        return _in_zip(path)
    if start[257:262] == b"ustar" or _is_tar(path):
        return _in_tar(path)
    return next((meaning for pattern, meaning in _BEGINNINGS if pattern.match(start)), None)


def format_by_ending(path: Path) -> str | None:
    """What a file that could not be read is by its name; None where its name tells nothing."""
    if ".data-0000" in path.name:
        return "part of a TensorFlow checkpoint: eyeful reads PyTorch's weights"
    return _ENDINGS.get(path.suffix.lower())


def _in_zip(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError):
        return "damaged, a zip file that was cut off: fetch or save it again"
    for pattern, meaning in _IN_ZIP:
        if any(re.fullmatch(pattern, name) for name in names):
            return meaning
    if any(re.fullmatch(r"([^/]*/)?data\.pkl", name) for name in names):
        return None
    return f"a zip file with {names[0] if names else 'nothing'} in it, not a checkpoint: unpack it, and name the weights"


def _is_tar(path: Path) -> bool:
    """Whether it is a tar file of the oldest kind, without the word ustar."""
    try:
        return tarfile.is_tarfile(path)
    except (OSError, tarfile.TarError, ValueError, EOFError):
        return False


def _in_tar(path: Path) -> str:
    try:
        with tarfile.open(path) as archive:
            names = set(archive.getnames())
    except (OSError, tarfile.TarError, ValueError, EOFError):
        return "a damaged tar archive: fetch it again"
    if names >= _TORCH_0_1:
        return (
            "in torch 0.1's tar format, which torch reads only by running code: with a torch of that time, or on "
            f"a machine that you can lose, torch.load(FILE, weights_only=False), then {_STATE_DICT}"
        )
    return "a tar archive: unpack it, and name the weights in it"
