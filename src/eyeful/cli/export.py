"""`eyeful export MODEL -o DIR`: a prepared model in a folder, for another machine."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from eyeful.cli import options
from eyeful.engines.base import EngineName
from eyeful.errors import UsageError
from eyeful.models import ModelRequest
from eyeful.prepare import export as write_export


def export(
    model: Annotated[str, typer.Argument(help="Name of a model.")] = options.DEFAULT_MODEL,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The folder to write.", show_default=False)
    ] = None,
    engine: Annotated[EngineName, typer.Option(help="What shall run it; openvino needs no torch.")] = "openvino",
    checkpoint: options.Checkpoint = None,
    labels: options.LabelFile = None,
    img_size: Annotated[
        int | None, typer.Option("--img-size", help="Side of the network's input in pixels.")
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace a bundle that exists.")] = False,
) -> None:
    """Write a model with its weights, recipe and labels to a folder that `--model DIR` runs, offline."""
    if output is None:
        raise UsageError("-o DIR says where to write the bundle")
    if output.exists() and not overwrite:
        raise UsageError(f"{output} exists already: --overwrite replaces it")
    bundle = write_export(ModelRequest(model, checkpoint, labels), output, engine, img_size)
    size = sum(path.stat().st_size for path in bundle.folder.iterdir())
    sys.stderr.write(f"eyeful: wrote {output} ({size / 1e6:.0f} MB); eyeful predict --model {output} runs it\n")
