"""What a resolved model writes into its manifest."""

from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version

from eyeful.bundle import Manifest
from eyeful.engines import EngineFamily
from eyeful.models import Model, Weights

_TOOLS = ("torch", "torchvision", "timm")


def manifest_of(model: Model, weights: Weights, engine: EngineFamily) -> Manifest:
    """The manifest of a loaded model for one engine, without files yet."""
    return Manifest(
        model=model.name,
        checkpoint=model.checkpoint,
        architecture=asdict(model.architecture),
        preprocessing=model.preprocessing,
        labels=model.labels,
        activation=model.activation,
        weights=asdict(weights),
        engine=engine.name,
        notes=model.notes,
        versions=tool_versions(engine),
    )


def tool_versions(engine: EngineFamily) -> dict[str, str]:
    """Versions of the libraries that decide what a model's name means for an engine; those installed."""
    found = {}
    for tool in (*_TOOLS, *engine.tools):
        try:
            found[tool] = version(tool)
        except PackageNotFoundError:
            continue
    return found
