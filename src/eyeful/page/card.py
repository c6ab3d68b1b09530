"""An answer as one PNG file, to keep or to send to somebody."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from eyeful.page.quiet import UPLOADS
from eyeful.sinks.figures import plot

if TYPE_CHECKING:
    from eyeful.page.answer import Answer

_DPI = 200
"""1,200 by 600 pixels."""


def save_card(found: Answer) -> Path:
    """Draw the image, its bars, the model's name and what its answers are limited to.

    Raises:
        MissingExtraError: Matplotlib is not installed.
        ImageError: the image is no longer there.
    """
    figure = plot(replace(found.prediction, thumbnail=None))  # a thumbnail is too small to be printed
    figure.supxlabel(
        f"{found.model} can only answer with {found.choice}, whatever the image shows.",
        fontsize=7,
        color="#525d66",
    )
    path = Path(tempfile.mkdtemp(dir=UPLOADS)) / f"{Path(found.prediction.filename).stem}-answer.png"
    figure.savefig(path, dpi=_DPI)
    return path
