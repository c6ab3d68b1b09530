"""Importing TorchVision beside a torch it was not compiled for.

PyPI's TorchVision for Linux is linked against CUDA. Beside a CPU build of torch its compiled operators cannot be
loaded, and `import torchvision` fails with "operator torchvision::nms does not exist": it describes operators that
nobody declared. Classifiers and transforms use none of these operators, so declaring their schemas is enough. A
library fragment coexists with TorchVision's own declaration where that one comes later.

Everything in eyeful that needs TorchVision, or timm which imports it, gets it here.
"""

import importlib
import sys
from types import ModuleType

from eyeful.extras import require

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_fragments: list[object] = []  # a fragment's declarations live as long as the fragment


def import_torchvision() -> ModuleType:
    """TorchVision, imported; nothing is done where it imports by itself.

    Raises:
        MissingExtraError: torch or TorchVision is not installed.
    """
    require("torch", "this model")
    try:
        return require("torchvision", "this model")
    except RuntimeError as error:
        if "operator torchvision::" not in str(error):
            raise
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    _declare_operators()
    return importlib.import_module("torchvision")


def operators_are_declared() -> bool:
    """Whether TorchVision's operators had to be declared, because its compiled ones do not load here."""
    return bool(_fragments)


def import_timm() -> ModuleType:
    """timm, imported.

    Raises:
        MissingExtraError: torch, TorchVision or timm is not installed.
    """
    import_torchvision()
    return require("timm", "this model")


def _declare_operators() -> None:
    import torch

    fragment = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for schema in _SCHEMAS:
        fragment.define(schema)  # type: ignore[no-untyped-call]
    _fragments.append(fragment)
