"""TorchServe archives: by torch-model-archiver itself, and by hand what it would not write."""

import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import torch

MANIFEST = "MAR-INF/MANIFEST.json"
_ARCHIVER = "from model_archiver.model_packaging import generate_model_archive; generate_model_archive()"
_ENDINGS = {"tgz": ".tar.gz", "no-archive": "", "zip-store": ".mar", "default": ".mar"}


def archived(folder: Path, archive_format: str = "default", handler: str = "image_classifier") -> Path:
    """What torch-model-archiver makes of net.pth, model.py and index_to_name.json in a folder, as its README says."""
    options = {
        "--model-name": "net",
        "--version": "1.0",
        "--model-file": "model.py",
        "--serialized-file": "net.pth",
        "--extra-files": "index_to_name.json",
        "--handler": handler,
        "--archive-format": archive_format,
        "--export-path": "made",
    }
    for new in ("made", "work"):
        (folder / new).mkdir(exist_ok=True)
    arguments = [text for option in options.items() for text in option]
    environment = os.environ | {"TMPDIR": str(folder / "work")}  # where it works in a folder called net
    subprocess.run([sys.executable, "-c", _ARCHIVER, *arguments], cwd=folder, env=environment, check=True)
    return folder / "made" / f"net{_ENDINGS[archive_format]}"


def manifest_of(**changes: object) -> str:
    """A manifest as torch-model-archiver writes it, with entries of its model changed, or left out for None."""
    model = {
        "modelName": "net",
        "serializedFile": "net.pth",
        "handler": "image_classifier",
        "modelFile": "model.py",
        "modelVersion": "1.0",
    } | changes
    model = {name: value for name, value in model.items() if value is not None}
    return json.dumps({"createdOn": "01/01/2026 00:00:00", "runtime": "python", "model": model})


def state_dict_file(state: dict[str, torch.Tensor] | None = None) -> bytes:
    file = io.BytesIO()
    torch.save({"fc.weight": torch.ones(2, 3), "fc.bias": torch.ones(2)} if state is None else state, file)
    return file.getvalue()


def members(**changes: object) -> dict[str, str | bytes]:
    """The members of a small archive that is read; changes are its manifest's."""
    return {
        MANIFEST: manifest_of(**changes),
        "net.pth": state_dict_file(),
        "model.py": "class Net: ...\n",
        "index_to_name.json": '{"0": "rose", "1": "tulip"}',
    }


def zipped(path: Path, content: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, one in content.items():
            archive.writestr(name, one)
    return path


def tarred(path: Path, content: dict[str, str | bytes], *headers: bytes) -> Path:
    """Headers come last, as they are, without content."""
    with tarfile.open(path, "w:gz") as archive:
        for name, one in content.items():
            header, data = tarfile.TarInfo(name), one.encode() if isinstance(one, str) else one
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
        for header in headers:
            archive.fileobj.write(header)
            archive.offset += len(header)
    return path
