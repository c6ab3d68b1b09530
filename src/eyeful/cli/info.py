"""`eyeful info MODEL`: the whole card of a model."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from eyeful.bundle import is_bundle, read_bundle
from eyeful.cli import options
from eyeful.models import ModelRequest, find_model
from eyeful.types import Labels, Recipe


def info(
    model: Annotated[
        str, typer.Argument(help="Name of a model, or the folder of a bundle.")
    ] = options.DEFAULT_MODEL,
    checkpoint: options.Checkpoint = None,
    labels: options.LabelFile = None,
    all_labels: Annotated[bool, typer.Option("--all-labels", help="Print every label with its index.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Show a model's card: recipe, labels, licence and source of its weights."""
    card, recipe, names = _card(model, checkpoint, labels)
    if as_json:
        entries = [{"index": i, "label": names.names[i], "wnid": names.wnids[i]} for i in range(len(names))]
        print(json.dumps(card | {"recipe": recipe.as_dict(), "labels": entries}, indent=1, ensure_ascii=False))
        return
    sample = ", ".join(names.names[i] for i in range(0, len(names), max(1, len(names) // 6)))
    lines = card | {"recipe": str(recipe), "labels": f"{len(names)}: {sample} ..."}
    width = max(map(len, lines)) + 2
    for name, value in lines.items():
        print(f"{name:<{width}}{value}")
    if all_labels:
        for index, (name, wnid) in enumerate(zip(names.names, names.wnids, strict=True)):
            print(f"{index:>6}  {wnid or '':<10} {name}")


def _card(model: str, checkpoint: Path | None, labels: Path | None) -> tuple[dict[str, Any], Recipe, Labels]:
    if is_bundle(Path(model)):
        passport = read_bundle(Path(model)).passport
        facts: dict[str, Any] = {"model": passport.model, "bundle": model, "engine": passport.engine}
        return facts | _described(passport.architecture, passport.weights), passport.recipe, passport.labels
    found = find_model(ModelRequest(model, checkpoint, labels))
    weights = {
        "source": found.weights.source,
        "licence": found.weights.licence,
        "sha256": found.weights.sha256,
    }
    architecture = {"library": found.architecture.library, "name": found.architecture.name}
    return {"model": found.name} | _described(architecture, weights) | found.about, found.recipe, found.labels


def _described(architecture: dict[str, Any], weights: dict[str, Any]) -> dict[str, Any]:
    facts = {
        "architecture": f"{architecture['name']} of {architecture['library']}",
        "weights": weights["source"],
        "licence": weights["licence"] or "not stated",
    }
    return facts | ({"sha256": weights["sha256"]} if weights["sha256"] else {})
