"""Flags of what an answer says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from eyeful.results import Calibration, read_calibration

_PANEL = "Output"

_CALIBRATION = Annotated[
    Path | None,
    typer.Option(
        help="What `eyeful calibrate` found on your images: promises instead of shares; none: not a bundle's own.",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]


@dataclass(frozen=True, kw_only=True)
class CalibrationOption:
    """What is promised of answers."""

    calibration: _CALIBRATION = None

    def read(self) -> Calibration | None:
        """The file's content.

        Raises:
            UsageError: it is no calibration.
        """
        return None if self.calibration is None else read_calibration(self.calibration)


_SURE = Annotated[
    float | None,
    typer.Option(
        help='Answer with a group of labels ("dog") where no label, but the group, holds this share of the '
        "probability: 0.5 to 1.",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]


@dataclass(frozen=True, kw_only=True)
class SureOption:
    """Whether an answer may be a group of labels."""

    sure: _SURE = None


@dataclass(frozen=True, kw_only=True)
class AnswerOptions:
    """What an answer says."""

    topk: Annotated[
        int, typer.Option("--topk", "--top-k", "-k", help="Labels for each image.", rich_help_panel=_PANEL)
    ] = 5
    min_prob: Annotated[
        float,
        typer.Option(help='Below this probability say "unsure" instead of a label.', rich_help_panel=_PANEL),
    ] = 0.0
    sure: _SURE = None
    calibration: _CALIBRATION = None
