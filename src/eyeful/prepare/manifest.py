"""What a resolved model writes into its manifest."""

from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version

from eyeful.bundle import Manifest
from eyeful.engines.base import EngineName
from eyeful.models import Model, Weights
from eyeful.preprocessing import Preprocessing

_TOOLS = ("torch", "torchvision", "timm")
_CONVERTERS: dict[EngineName, tuple[str, ...]] = {
    "openvino": ("openvino",),
    "onnxruntime": ("onnxscript",),
    "torch": (),
}


def manifest_of(model: Model, weights: Weights, preprocessing: Preprocessing, engine: EngineName) -> Manifest:
    """The manifest of a loaded model for one engine, without files yet."""
    return Manifest(
        model=model.title,
        architecture=asdict(model.architecture),
        preprocessing=preprocessing,
        labels=model.labels,
        weights=asdict(weights),
        engine=engine,
        versions=tool_versions(engine),
    )


def tool_versions(engine: EngineName) -> dict[str, str]:
    """Versions of the libraries that decide what a model's name means for an engine; those installed."""
    found = {}
    for tool in (*_TOOLS, *_CONVERTERS[engine]):
        try:
            found[tool] = version(tool)
        except PackageNotFoundError:
            continue
    return found
