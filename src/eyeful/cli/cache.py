"""`eyeful cache`: the cached models."""

from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from eyeful.cache import cache_folder
from eyeful.cli.terminal import LiveLine, print_status
from eyeful.prepare.entries import CacheEntry, list_entries, remove, remove_leftovers, remove_tunings


def cache(
    action: Annotated[
        Literal["list", "verify", "clear"],
        typer.Argument(help="list the cache; verify: exit with 1 if something is damaged; clear: delete it."),
    ] = "list",
    model: Annotated[str, typer.Argument(help="Only models whose name holds this text.", show_default=False)] = "",
) -> None:
    """List, verify or clear the cached models. What is cleared is made again when it is needed."""
    with LiveLine("reading the cache"):
        found = [entry for entry in list_entries() if model in entry.model]
    if action == "clear":
        for entry in found:
            remove(entry)
        remove_leftovers()
        remove_tunings(model)
        print_status(f"deleted {len(found)} from {cache_folder()}, {_megabytes(found)}")
        return
    if found:
        _show(found)
    print_status(f"{len(found)} in {cache_folder()}, {_megabytes(found)}")
    if action == "verify" and any(entry.damage for entry in found):
        raise typer.Exit(1)


def _show(found: list[CacheEntry]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("model", "kind", "engine"):
        table.add_column(title, overflow="fold")
    table.add_column("MB", justify="right")
    table.add_column("", overflow="fold")
    for entry in found:
        state = "whole" if entry.damage is None else f"damaged: {entry.damage}"
        table.add_row(entry.model, entry.kind, entry.engine, f"{entry.size / 1e6:.1f}", state)
    Console(highlight=False).print(table)


def _megabytes(found: list[CacheEntry]) -> str:
    return f"{sum(entry.size for entry in found) / 1e6:.1f} MB"
