"""Importing OpenVINO, and NNCF which builds on it, without their telemetry.

Both report every conversion to Google Analytics without asking, and leave a client id in the user's home, where
the package `openvino_telemetry` can be imported; where it cannot, they work the same. So it is made unimportable
in this process before they look for it. (One that imported OpenVINO before eyeful has made its own choice.)

Everything in eyeful that needs OpenVINO or NNCF gets it here.
"""

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from eyeful.errors import one_line
from eyeful.extras import require


def import_openvino() -> ModuleType:
    """OpenVINO, imported, silent."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    return importlib.import_module("openvino")


def import_nncf() -> ModuleType:
    """NNCF, imported, silent.

    Raises:
        MissingExtraError: it is not installed.
    """
    import_openvino()
    return require("nncf", "int8")


def save_model(model: Any, path: Path) -> None:
    """Write a graph, its numbers as they are.

    Raises:
        OSError: it cannot be written: OpenVINO says `iostream error` where a disk is full.
    """
    try:
        import_openvino().save_model(model, path, compress_to_fp16=False)
    except RuntimeError as error:
        raise OSError(f"OpenVINO cannot write {path.name}; is the disk full? ({one_line(error)})") from error
