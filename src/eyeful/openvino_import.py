"""Importing OpenVINO, and NNCF which builds on it, without their telemetry.

Both report every conversion to Google Analytics without asking, and leave a client id in the user's home, where
the package `openvino_telemetry` can be imported; where it cannot, they work the same. So it is made unimportable
in this process before they look for it. (One that imported OpenVINO before eyeful has made its own choice.)

OpenVINO's converter is imported when it is first called: running a prepared model does not wait for it.

Everything in eyeful that needs OpenVINO or NNCF gets it here.
"""

import importlib
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from eyeful.errors import one_line
from eyeful.extras import require

_CONVERTER = "openvino.tools.ovc"
_importing = threading.Lock()


def import_openvino() -> ModuleType:
    """OpenVINO, imported, silent."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    with _importing:
        if "openvino" not in sys.modules:
            _import_without_converter()
    return importlib.import_module("openvino")


def _import_without_converter() -> None:
    """Import OpenVINO, which goes on where its converter cannot be imported; one that does not is left to fail."""
    sys.modules[_CONVERTER] = None  # type: ignore[assignment]
    try:
        with suppress(ImportError):
            importlib.import_module("openvino").convert_model = _convert_model  # type: ignore[attr-defined]
    finally:
        del sys.modules[_CONVERTER]


def _convert_model(*arguments: Any, **options: Any) -> Any:
    """`openvino.convert_model`, for whoever calls it."""
    return importlib.import_module(_CONVERTER).convert_model(*arguments, **options)


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
