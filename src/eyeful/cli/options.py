"""Flags that several commands share, by the names that users of timm and Ultralytics know."""

from pathlib import Path
from typing import Annotated

import typer

from eyeful.models import DEFAULT_MODEL

Model = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        help="Name of a model (`eyeful models`), or the folder of a bundle.",
        rich_help_panel="Model",
    ),
]
Checkpoint = Annotated[
    Path | None,
    typer.Option(help="Weights of your own for that model: .pth, .pt or .safetensors.", rich_help_panel="Model"),
]
LabelFile = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        help="Labels of the checkpoint: one per line, or index_to_name.json.",
        rich_help_panel="Model",
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.", rich_help_panel="Running")]
EngineFlag = Annotated[
    str,
    typer.Option("--engine", help="auto, openvino or torch.", rich_help_panel="Running"),
]
PrecisionFlag = Annotated[
    str,
    typer.Option("--precision", help="auto, fp32, bf16 or fp16.", rich_help_panel="Running"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

__all__ = [
    "DEFAULT_MODEL",
    "AsJson",
    "Checkpoint",
    "Device",
    "EngineFlag",
    "LabelFile",
    "Model",
    "PrecisionFlag",
]
