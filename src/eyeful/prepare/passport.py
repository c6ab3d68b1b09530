"""What a resolved model writes into its passport."""

from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version

from eyeful.bundle import Passport
from eyeful.engines.base import EngineName
from eyeful.models import Model, Weights
from eyeful.types import Recipe

_TOOLS = ("torch", "torchvision", "timm")
_CONVERTERS: dict[EngineName, tuple[str, ...]] = {
    "openvino": ("openvino",),
    "onnxruntime": ("onnxscript",),
    "torch": (),
}


def passport_of(model: Model, weights: Weights, recipe: Recipe, engine: EngineName) -> Passport:
    """The passport of a loaded model for one engine, without files yet."""
    return Passport(
        model=model.name,
        architecture=asdict(model.architecture),
        recipe=recipe,
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
