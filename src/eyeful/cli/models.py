"""`eyeful models`: what can be loaded by name."""

import dataclasses
import json
from typing import Annotated

import typer

from eyeful.cli import options
from eyeful.cli.groups import takes_options
from eyeful.cli.table import print_table
from eyeful.cli.terminal import LiveLine
from eyeful.errors import UnknownModelError
from eyeful.models import DEFAULT_MODEL, ModelEntry, list_models

_NUMBERS = ("params", "GFLOPs", "top-1")


@takes_options
def models(
    *,
    query: Annotated[
        str,
        typer.Argument(
            help="Part of a name, or 'resnet*'; without one, timm's 1,800 are left out.", show_default=False
        ),
    ] = "",
    local: Annotated[bool, typer.Option("--local", help="Only models whose weights are on this machine.")] = False,
    output: options.JsonOptions,
) -> None:
    """List models by name, with size, cost, ImageNet accuracy, and whether their weights are here."""
    with LiveLine("listing models"):
        found = list_models(query, local=local)
    if not found:
        where = " on this machine" if local else ""
        raise UnknownModelError(
            f"no model{where} has a name like {query!r}; `eyeful models` lists all classifiers"
        )
    if output.as_json:
        print(json.dumps([dataclasses.asdict(entry) for entry in found], indent=1))
        return
    print_table(
        ("model", *_NUMBERS, "weights"),
        [_cells(entry) for entry in found],
        numbers=_NUMBERS,
        dropped=("GFLOPs", "params", "top-1", "weights"),
    )


def _cells(entry: ModelEntry) -> tuple[str, ...]:
    name = f"{entry.name} (default)" if entry.name == DEFAULT_MODEL else entry.name
    return (
        name,
        f"{entry.parameters / 1e6:.1f} M" if entry.parameters else "",
        f"{entry.gflops:.2f}" if entry.gflops else "",
        f"{entry.top1:.1f}%" if entry.top1 else "",
        "local" if entry.local else "",
    )
