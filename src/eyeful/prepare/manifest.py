"""What a resolved model writes into its manifest."""

from dataclasses import asdict

from eyeful.bundle import Manifest
from eyeful.engines import EngineFamily
from eyeful.extras import version_of
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
    found = {tool: version_of(tool) for tool in (*_TOOLS, *engine.tools)}
    return {tool: text for tool, text in found.items() if text is not None}
