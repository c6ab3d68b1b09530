"""`eyeful info MODEL`: the whole card of a model."""

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from eyeful.bundle import Bundle, is_bundle, read_bundle, refuse_to_change
from eyeful.cli import options
from eyeful.cli.groups import takes_options
from eyeful.cli.table import fact, print_table
from eyeful.cli.taught import taught_lines
from eyeful.cli.terminal import LiveLine, print_status
from eyeful.errors import EyefulError
from eyeful.extras import require
from eyeful.models import Architecture, ModelRequest, find_model
from eyeful.models.labels import relabelled
from eyeful.preprocessing import Preprocessing
from eyeful.types import Labels

_MOST_LABELS = 8
"""So many are shown by name."""
_NUMBERS = ("parameters", "multiply-adds")


@takes_options
def info(
    *,
    model: options.ModelArgument,
    network: options.InputOptions,
    all_labels: Annotated[bool, typer.Option("--all-labels", help="Print every label with its index.")] = False,
    layers: Annotated[
        bool, typer.Option("--layers", help="Summarize the network: stages, shapes, parameters, multiply-adds.")
    ] = False,
    output: options.JsonOptions,
) -> None:
    """Show a model's card: preprocessing, labels, license and source of its weights."""
    with LiveLine(f"reading what is known of {model.model}"):
        card, architecture, preprocessing, names = _card(model, network)
        summaries = _layer_summaries(architecture, preprocessing) if layers else []
    if output.as_json:
        entries = [{"index": i, "label": names.names[i], "wnid": names.wnids[i]} for i in range(len(names))]
        whole = card | {"preprocessing": preprocessing.as_dict(), "labels": entries}
        print(json.dumps(whole | ({"layers": summaries} if layers else {}), indent=1, ensure_ascii=False))
        return
    taught = {"taught": taught_lines(card["taught"])} if "taught" in card else {}
    tuning = card.pop("tuning", None)
    fastest = {"fastest here": _tuning_in_short(tuning)} if tuning else {}
    _print_card(card | {"preprocessing": str(preprocessing), "labels": _in_short(names)} | taught | fastest)
    if all_labels:
        for index, (name, wnid) in enumerate(zip(names.names, names.wnids, strict=True)):
            print(f"{index:>6}  {wnid or '':<10} {name}")
    if layers:
        _print_layers(summaries)


def _print_card(card: dict[str, Any]) -> None:
    """Each fact on a line, or on several that begin in one column."""
    width = max(map(len, card)) + 2
    for name, value in card.items():
        for line in value if isinstance(value, tuple) else (value,):
            text = f"{int(line):,}" if name == "parameters" else str(line)
            print(fact(name, text, width))


def _in_short(labels: Labels) -> str:
    """How many labels there are, and which, or the first and the last of many."""
    names = labels.names
    if len(names) <= _MOST_LABELS:
        return ", ".join(names) or "none"
    return f"{len(names):,}: {', '.join(names[:3])} ... {names[-1]} (--all-labels lists them)"


def _layer_summaries(architecture: Architecture, preprocessing: Preprocessing) -> list[dict[str, Any]]:
    """The stages of a network, built with random weights: none need be on this machine."""
    require("torch", "info --layers")
    from eyeful.explain import summarize
    from eyeful.models import build

    return [asdict(layer) for layer in summarize(build(architecture).eval(), preprocessing.size)]


def _print_layers(summaries: list[dict[str, Any]]) -> None:
    total = {name: sum(layer[name] for layer in summaries) for name in ("parameters", "multiply_adds")}
    rows = [
        (
            layer["stage"],
            layer["operation"],
            " x ".join(map(str, layer["shape"])),
            f"{layer['parameters']:,}",
            f"{layer['multiply_adds'] / 1e6:,.1f} M",
        )
        for layer in summaries
    ]
    rows.append(("total", "", "", f"{total['parameters']:,}", f"{total['multiply_adds'] / 1e6:,.1f} M"))
    print()
    print_table(
        ("stage", "operation", "output", *_NUMBERS),
        rows,
        numbers=_NUMBERS,
        dropped=("output", "multiply-adds", "operation"),
    )


def _card(
    asked: options.ModelOptions, network: options.InputOptions
) -> tuple[dict[str, Any], Architecture, Preprocessing, Labels]:
    if is_bundle(Path(asked.model)):
        refuse_to_change(asked.model, network.overrides, asked.checkpoint)
        bundle = read_bundle(Path(asked.model))
        manifest = bundle.manifest.with_activation(network.activation)
        facts: dict[str, Any] = {"model": manifest.title, "bundle": asked.model, "engine": manifest.engine}
        names, notes = manifest.labels, manifest.notes
        if asked.labels is not None:
            names, notes = relabelled(names, notes, asked.labels)
        _print_notes(notes)
        described = _described(manifest.architecture, manifest.weights) | {"activation": manifest.activation}
        taught = {} if manifest.taught is None else {"taught": manifest.taught}
        card = facts | described | taught | _noted(notes) | _measured(bundle)
        return card, Architecture(**manifest.architecture), manifest.preprocessing, names
    request = ModelRequest(asked.model, asked.checkpoint, asked.labels, network.overrides)
    found = find_model(request)
    weights = {
        "source": found.weights.source,
        "license": found.weights.license,
        "sha256": found.weights.sha256,
    }
    architecture = {"library": found.architecture.library, "name": found.architecture.name}
    _print_notes(found.notes)
    card = (
        {"model": found.title}
        | _described(architecture, weights)
        | {"activation": network.activation or found.activation}
    )
    card |= found.about | _noted(found.notes) | _measured(request)
    return card, found.architecture, found.preprocessing, found.labels


def _measured(model: ModelRequest | Bundle) -> dict[str, Any]:
    """What was found to be fastest on this machine, if it was measured; a card does not fail because of it."""
    from eyeful.predictor.fastest import measured

    with suppress(EyefulError):
        found = measured(model)
        return {} if found is None else {"tuning": found.as_dict()}
    return {}


def _tuning_in_short(tuning: dict[str, Any]) -> str:
    from eyeful.engines.tuning import Tuning

    return f"{Tuning.from_dict(tuning)}; measured on {tuning['cpu']}, {tuning['threads']} threads"


def _print_notes(notes: tuple[str, ...]) -> None:
    for note in notes:
        print_status(note)


def _noted(notes: tuple[str, ...]) -> dict[str, Any]:
    return {"attention": notes} if notes else {}


def _described(architecture: dict[str, Any], weights: dict[str, Any]) -> dict[str, Any]:
    facts = {
        "architecture": f"{architecture['name']} of {architecture['library']}",
        "weights": weights["source"],
        "license": weights["license"] or "not stated",
    }
    return facts | ({"sha256": weights["sha256"]} if weights["sha256"] else {})
