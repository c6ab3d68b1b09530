"""`eyeful info MODEL`: the whole card of a model."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from eyeful.bundle import is_bundle, read_bundle
from eyeful.cli import options
from eyeful.extras import require
from eyeful.models import Architecture, ModelRequest, find_model
from eyeful.types import Labels, Recipe


def info(
    model: Annotated[
        str, typer.Argument(help="Name of a model, or the folder of a bundle.")
    ] = options.DEFAULT_MODEL,
    checkpoint: options.Checkpoint = None,
    labels: options.LabelFile = None,
    all_labels: Annotated[bool, typer.Option("--all-labels", help="Print every label with its index.")] = False,
    layers: Annotated[
        bool, typer.Option("--layers", help="Walk through the network: stages, shapes, parameters, multiply-adds.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Show a model's card: recipe, labels, licence and source of its weights."""
    card, architecture, recipe, names = _card(model, checkpoint, labels)
    steps = _walk(architecture, recipe) if layers else []
    if as_json:
        entries = [{"index": i, "label": names.names[i], "wnid": names.wnids[i]} for i in range(len(names))]
        whole = card | {"recipe": recipe.as_dict(), "labels": entries}
        print(json.dumps(whole | ({"layers": steps} if layers else {}), indent=1, ensure_ascii=False))
        return
    sample = ", ".join(names.names[i] for i in range(0, len(names), max(1, len(names) // 6)))
    lines = card | {"recipe": str(recipe), "labels": f"{len(names)}: {sample} ..."}
    width = max(map(len, lines)) + 2
    for name, value in lines.items():
        print(f"{name:<{width}}{value}")
    if all_labels:
        for index, (name, wnid) in enumerate(zip(names.names, names.wnids, strict=True)):
            print(f"{index:>6}  {wnid or '':<10} {name}")
    if layers:
        _print_steps(steps)


def _walk(architecture: Architecture, recipe: Recipe) -> list[dict[str, Any]]:
    """The stages of a network; it is built for it with random weights, so that none need be here."""
    require("torch", "info --layers")
    from eyeful.explain import walk
    from eyeful.models.checkpoint import build

    return [asdict(step) for step in walk(build(architecture).eval(), recipe.size)]


def _print_steps(steps: list[dict[str, Any]]) -> None:
    total = {name: sum(step[name] for step in steps) for name in ("parameters", "multiply_adds")}
    rows = [("stage", "operation", "output", "parameters", "multiply-adds")]
    rows += [
        (
            step["stage"],
            step["operation"],
            " x ".join(map(str, step["shape"])),
            f"{step['parameters']:,}",
            f"{step['multiply_adds'] / 1e6:,.1f} M",
        )
        for step in steps
    ]
    rows.append(("total", "", "", f"{total['parameters']:,}", f"{total['multiply_adds'] / 1e6:,.1f} M"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print()
    for stage, operation, shape, *numbers in rows:
        words = (f"{text:<{width}}" for text, width in zip((stage, operation, shape), widths, strict=False))
        figures = (f"{text:>{width}}" for text, width in zip(numbers, widths[3:], strict=True))
        print("  ".join([*words, *figures]))


def _card(
    model: str, checkpoint: Path | None, labels: Path | None
) -> tuple[dict[str, Any], Architecture, Recipe, Labels]:
    if is_bundle(Path(model)):
        passport = read_bundle(Path(model)).passport
        facts: dict[str, Any] = {"model": passport.model, "bundle": model, "engine": passport.engine}
        card = facts | _described(passport.architecture, passport.weights)
        return card, Architecture(**passport.architecture), passport.recipe, passport.labels
    found = find_model(ModelRequest(model, checkpoint, labels))
    weights = {
        "source": found.weights.source,
        "licence": found.weights.licence,
        "sha256": found.weights.sha256,
    }
    architecture = {"library": found.architecture.library, "name": found.architecture.name}
    card = {"model": found.name} | _described(architecture, weights) | found.about
    return card, found.architecture, found.recipe, found.labels


def _described(architecture: dict[str, Any], weights: dict[str, Any]) -> dict[str, Any]:
    facts = {
        "architecture": f"{architecture['name']} of {architecture['library']}",
        "weights": weights["source"],
        "licence": weights["licence"] or "not stated",
    }
    return facts | ({"sha256": weights["sha256"]} if weights["sha256"] else {})
