"""`eyeful samples DIR`: images to try."""

from pathlib import Path
from typing import Annotated

import typer

from eyeful.sources.samples import write_samples


def samples(
    folder: Annotated[Path, typer.Argument(help="Where to write them.")] = Path("samples"),
) -> None:
    """Write a handful of images to try, some of them outside the label set."""
    for path in write_samples(folder):
        print(path)
