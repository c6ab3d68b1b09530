"""The images that int8 is calibrated with: those that --calibrate names, or the inputs themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eyeful.cli.groups import keywords

if TYPE_CHECKING:
    from eyeful.cli.options import EngineOptions, SearchOptions


@dataclass(frozen=True, kw_only=True)
class CalibrateOption:
    """Images that int8 is calibrated with."""

    calibrate: Annotated[
        list[str] | None,
        typer.Option(
            help="With --precision int8: images like those to come, which set its ranges and judge it.",
            show_default=False,
            rich_help_panel="Running",
        ),
    ] = None


def calibrating(
    inputs: list[str], option: CalibrateOption, engine: EngineOptions, search: SearchOptions
) -> dict[str, Any]:
    """The images that int8 is calibrated with, as a keyword of `eyeful.load`.

    Standard input can be read once, and neighbouring frames of a video are too alike to judge with: where one is
    among the inputs, nothing is taken of them.

    Args:
        inputs: what will be classified.
        option: what is asked for.
        engine: the same.
        search: how the inputs are searched for.
    """
    from eyeful.sources import is_repeatable, names_of
    from eyeful.sources.video import is_video

    if option.calibrate is not None or engine.precision != "int8":
        return {"calibrate": option.calibrate}
    if not all(map(is_repeatable, inputs)) or any(is_video(name) for one in inputs for name in names_of(one)):
        return {"calibrate": None}
    from eyeful.int8 import sample_of

    return {"calibrate": sample_of(inputs, **keywords(search))}
