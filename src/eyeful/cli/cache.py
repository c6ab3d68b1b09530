"""`eyeful cache`: the prepared models that are kept."""

import sys
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from eyeful.cache import cache_folder
from eyeful.prepare.kept import Kept, list_kept, remove, remove_leftovers


def cache(
    action: Annotated[
        Literal["list", "verify", "clear"],
        typer.Argument(help="list what is kept; verify: exit with 1 if something is damaged; clear: delete it."),
    ] = "list",
    model: Annotated[str, typer.Argument(help="Only models whose name holds this text.", show_default=False)] = "",
) -> None:
    """List, verify or clear the prepared models that are kept. What is cleared is made again when it is needed."""
    found = [kept for kept in list_kept() if model in kept.model]
    if action == "clear":
        for kept in found:
            remove(kept)
        remove_leftovers()
        sys.stderr.write(f"eyeful: deleted {len(found)} from {cache_folder()}, {_megabytes(found)}\n")
        return
    if found:
        _show(found)
    sys.stderr.write(f"eyeful: {len(found)} in {cache_folder()}, {_megabytes(found)}\n")
    if action == "verify" and any(kept.damage for kept in found):
        raise typer.Exit(1)


def _show(found: list[Kept]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("model", "kind", "engine"):
        table.add_column(title, overflow="fold")
    table.add_column("MB", justify="right")
    table.add_column("", overflow="fold")
    for kept in found:
        state = "whole" if kept.damage is None else f"damaged: {kept.damage}"
        table.add_row(kept.model, kept.kind, kept.engine, f"{kept.size / 1e6:.1f}", state)
    Console(highlight=False).print(table)


def _megabytes(found: list[Kept]) -> str:
    return f"{sum(kept.size for kept in found) / 1e6:.1f} MB"
