"""Flags that several commands share, by the names that users of timm and Ultralytics know.

Each group of flags is a dataclass, whose fields carry what Typer needs to know and are named as `eyeful.load`'s
arguments; `cli/groups.py` makes commands of them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from eyeful import plugins
from eyeful.errors import UsageError
from eyeful.filenames import printable
from eyeful.images import DEFAULT_MAX_PIXELS
from eyeful.models import DEFAULT_MODEL
from eyeful.models.families import families
from eyeful.preprocessing import CropMode, InputOverrides, Interpolation
from eyeful.types import Activation

_MODEL, _IMAGES, _OUTPUT, _RUNNING = "Model", "Images", "Output", "Running"


def complete_model(incomplete: str) -> list[str]:
    """Names for a shell's completion: those that are known without importing torch."""
    names = (name for family in families() for name in family.names_at_once())
    return [name for name in names if name.startswith(incomplete)]


def complete_engine(incomplete: str) -> list[str]:
    """Engines for a shell's completion."""
    return [name for name in ("auto", *plugins.names("engines")) if name.startswith(incomplete)]


INPUTS = Annotated[
    list[str] | None,
    typer.Argument(
        help="Files, folders, globs, URLs, archives, videos, lists (.csv, .txt ...), s3://...; - reads names.",
        show_default=False,
    ),
]
SOURCE = Annotated[list[str] | None, typer.Option("--source", help="The same as an argument.", hidden=True)]
"""What is opened, one image a row."""


@dataclass(frozen=True, kw_only=True)
class NameOption:
    """Which model, by `--model`."""

    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            help="Name of a model (`eyeful models`), a folder, or an .onnx or .xml file.",
            rich_help_panel=_MODEL,
            autocompletion=complete_model,
        ),
    ] = DEFAULT_MODEL


@dataclass(frozen=True, kw_only=True)
class CheckpointOption:
    """Weights of one's own for it."""

    checkpoint: Annotated[
        Path | None,
        typer.Option(
            help="Weights of your own for that model: .pth, .pt or .safetensors.", rich_help_panel=_MODEL
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class WeightsOptions(CheckpointOption):
    """Weights of one's own for it, and labels."""

    labels: Annotated[
        Path | None,
        typer.Option(
            help="Labels in place of the model's own: one name a line, CSV or JSON.", rich_help_panel=_MODEL
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class ModelOptions(WeightsOptions, NameOption):
    """Which model."""


@dataclass(frozen=True, kw_only=True)
class ModelArgument(ModelOptions):
    """Which model, as the command's argument."""

    model: Annotated[
        str,
        typer.Argument(
            help="Name of a model, a folder, or an .onnx or .xml file.",
            autocompletion=complete_model,
        ),
    ] = DEFAULT_MODEL


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """What runs the model."""

    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.", rich_help_panel=_RUNNING)] = "auto"
    engine: Annotated[
        str,
        typer.Option(
            help=f"auto, {', '.join(plugins.names('engines'))}.",
            rich_help_panel=_RUNNING,
            autocompletion=complete_engine,
        ),
    ] = "auto"
    precision: Annotated[str, typer.Option(help="auto, fp32, bf16, fp16, int8", rich_help_panel=_RUNNING)] = "auto"
    autotune: Annotated[
        bool,
        typer.Option(
            " /--no-autotune", help="Measure nothing first.", show_default=False, rich_help_panel=_RUNNING
        ),
    ] = True


@dataclass(frozen=True, kw_only=True)
class BatchOptions:
    """How much is done at once."""

    batch_size: Annotated[
        int,
        typer.Option(
            "--batch-size",
            "-b",
            help="Images in one forward pass; 0: what suits the engine.",
            rich_help_panel=_RUNNING,
        ),
    ] = 0
    workers: Annotated[
        int,
        typer.Option("--workers", "-j", help="Decode threads; 0: one for each core.", rich_help_panel=_RUNNING),
    ] = 0


@dataclass(frozen=True, kw_only=True)
class ArithmeticOptions:
    """Which arithmetic, where torch runs the model."""

    exact: Annotated[
        bool,
        typer.Option("--exact", help="Reference arithmetic: torch, fp32, full decode.", rich_help_panel=_RUNNING),
    ] = False
    torchcompile: Annotated[
        bool,
        typer.Option("--torchcompile", help="With --engine torch: torch.compile.", rich_help_panel=_RUNNING),
    ] = False


@dataclass(frozen=True, kw_only=True)
class InputOptions:
    """What overrides the weights' own input and activation."""

    img_size: Annotated[
        str | None,
        typer.Option(
            "--img-size",
            "--imgsz",
            help="Side of the network's input in pixels, or HEIGHTxWIDTH.",
            show_default=False,
            rich_help_panel=_MODEL,
        ),
    ] = None
    mean: Annotated[
        tuple[float, float, float] | None,
        typer.Option(
            help="Mean of red, green and blue, of pixel values from 0 to 1.",
            show_default=False,
            rich_help_panel=_MODEL,
        ),
    ] = None
    std: Annotated[
        tuple[float, float, float] | None,
        typer.Option(help="Standard deviation, the same.", show_default=False, rich_help_panel=_MODEL),
    ] = None
    activation: Annotated[
        Activation | None,
        typer.Option(
            help="softmax; sigmoid: each label by itself; none: the network ends in either. The model's own by "
            "default.",
            show_default=False,
            rich_help_panel=_MODEL,
        ),
    ] = None

    @property
    def overrides(self) -> InputOverrides:
        """What of them is prepared."""
        return InputOverrides.of(self.img_size, self.mean, self.std)


@dataclass(frozen=True, kw_only=True)
class PreprocessingOptions(InputOptions):
    """What overrides the weights' own preprocessing."""

    crop_mode: Annotated[
        CropMode | None,
        typer.Option(
            help="center, squash or border; the weights' own by default. squash and border show the network the "
            "whole image.",
            rich_help_panel=_IMAGES,
        ),
    ] = None
    crop_pct: Annotated[
        float | None, typer.Option(help="Share of the resized side that the crop keeps.", rich_help_panel=_IMAGES)
    ] = None
    interpolation: Annotated[
        Interpolation | None, typer.Option(help="bilinear, bicubic, nearest ...", rich_help_panel=_IMAGES)
    ] = None


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """How images are found in what is named; the arguments of `sources.open_source`."""

    recursive: Annotated[
        bool,
        typer.Option("--recursive/--no-recursive", help="Search folders in folders.", rich_help_panel=_IMAGES),
    ] = True
    column: Annotated[
        str | None,
        typer.Option(
            help="Of lists: the column of images, where it is not found.",
            rich_help_panel=_IMAGES,
            show_default=False,
        ),
    ] = None
    every: Annotated[
        str | None,
        typer.Option(
            help="Of videos: the time from frame to frame, as 0.5s, 500ms or 10f (frames); 1s by default.",
            rich_help_panel=_IMAGES,
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class LimitOptions:
    """What one image may cost."""

    max_pixels: Annotated[
        int, typer.Option(min=1, help="Images with more pixels are errors.", rich_help_panel=_IMAGES)
    ] = DEFAULT_MAX_PIXELS


@dataclass(frozen=True, kw_only=True)
class ImagesOptions:
    """Images to measure or compare with."""

    images: Annotated[
        list[str] | None, typer.Option(help="Images or folders; may be given more than once.", show_default=False)
    ] = None

    def required_images(self) -> list[str]:
        """What `--images` named.

        Raises:
            UsageError: nothing, or a file that is not there.
        """
        if not self.images:
            raise UsageError("--images PHOTOS names the images to use; `eyeful samples samples/` writes some")
        for name in self.images:
            check_exists(name)
        return self.images


def check_exists(name: str) -> None:
    """Look for what was named, before a model is loaded for it.

    Raises:
        UsageError: it is a file that is not there.
    """
    if name == "-" or os.path.lexists(name):
        return
    from eyeful.sources import open_source

    found = next(open_source(name).items, None)  # an address, or what a plug-in knows, is no path
    if found is not None and isinstance(found.content, Path) and not found.content.exists():
        raise UsageError(f"{printable(name)}: no such file or folder")


@dataclass(frozen=True, kw_only=True)
class JsonOptions:
    """Output for programs."""

    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
