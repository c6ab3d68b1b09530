"""Flags that several commands share, by the names that users of timm and Ultralytics know."""

from pathlib import Path
from typing import Annotated

import typer

from eyeful.errors import UsageError
from eyeful.images import DEFAULT_MAX_PIXELS as DEFAULT_MAX_PIXELS  # noqa: PLC0414 - the commands' default
from eyeful.models import DEFAULT_MODEL as DEFAULT_MODEL  # noqa: PLC0414 - the commands' default

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
    typer.Option("--engine", help="auto, openvino, onnxruntime or torch.", rich_help_panel="Running"),
]
PrecisionFlag = Annotated[
    str,
    typer.Option("--precision", help="auto, fp32, bf16 or fp16.", rich_help_panel="Running"),
]
Images = Annotated[
    list[str] | None,
    typer.Option("--images", help="Images or folders; may be given more than once.", show_default=False),
]
BatchSize = Annotated[
    int,
    typer.Option(
        "--batch-size",
        "-b",
        help="Images in one forward pass; 0: what suits the engine.",
        rich_help_panel="Running",
    ),
]
Workers = Annotated[
    int, typer.Option("--workers", "-j", help="Decode threads; 0: one for each core.", rich_help_panel="Running")
]
MaxPixels = Annotated[
    int, typer.Option(min=1, help="Images with more pixels are errors.", rich_help_panel="Images")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def images_given(images: list[str] | None) -> list[str]:
    """What `--images` named.

    Raises:
        UsageError: nothing.
    """
    if not images:
        raise UsageError("--images PHOTOS names the images to use; `eyeful samples samples/` writes some")
    return images
