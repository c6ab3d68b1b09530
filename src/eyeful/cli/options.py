"""Flags that several commands share, by the names that users of timm and Ultralytics know.

Each group of flags is a dataclass, whose fields carry what Typer needs to know and are named as `eyeful.load`'s
arguments. `takes_options` makes a command of a function that takes such dataclasses.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from eyeful import plugins
from eyeful.errors import UsageError
from eyeful.images import DEFAULT_MAX_PIXELS
from eyeful.models import DEFAULT_MODEL
from eyeful.models.families import families
from eyeful.preprocessing import CropMode, Interpolation

if TYPE_CHECKING:
    from eyeful.classifier import Classifier

_MODEL, _IMAGES, _OUTPUT, _RUNNING = "Model", "Images", "Output", "Running"


def complete_model(incomplete: str) -> list[str]:
    """Names for a shell's completion: those that are known without importing torch."""
    names = (name for family in families() for name in family.names_at_once())
    return [name for name in names if name.startswith(incomplete)]


def complete_engine(incomplete: str) -> list[str]:
    """Engines for a shell's completion."""
    return [name for name in ("auto", *plugins.names("engines")) if name.startswith(incomplete)]


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """Which model, by `--model`."""

    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            help="Name of a model (`eyeful models`), or the folder of a bundle.",
            rich_help_panel=_MODEL,
            autocompletion=complete_model,
        ),
    ] = DEFAULT_MODEL
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            help="Weights of your own for that model: .pth, .pt or .safetensors.", rich_help_panel=_MODEL
        ),
    ] = None
    labels: Annotated[
        Path | None,
        typer.Option(
            help="Labels of the checkpoint: one per line, or index_to_name.json.", rich_help_panel=_MODEL
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class ModelArgument(ModelOptions):
    """Which model, as the command's argument."""

    model: Annotated[
        str,
        typer.Argument(
            help="Name of a model, or the folder of a bundle.",
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
    precision: Annotated[str, typer.Option(help="auto, fp32, bf16 or fp16.", rich_help_panel=_RUNNING)] = "auto"


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
class PreprocessingOptions:
    """What overrides the weights' own preprocessing."""

    crop_mode: Annotated[
        CropMode | None,
        typer.Option(
            help="center, squash or border; the weights' own by default. squash and border show the network the "
            "whole image.",
            rich_help_panel=_IMAGES,
        ),
    ] = None
    img_size: Annotated[
        int | None,
        typer.Option(
            "--img-size", "--imgsz", help="Side of the network's input in pixels.", rich_help_panel=_IMAGES
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

    def check(self, inputs: list[str]) -> None:
        """See that they mean something.

        Raises:
            UsageError: there is nothing that they could be for.
        """
        from eyeful.sources import has_option

        if self.column is not None and not any(has_option(one, "column") for one in inputs):
            raise UsageError(
                "--column names a column of a list (.csv, .tsv, .jsonl ...); none is among the inputs"
            )
        if self.every is not None and not any(has_option(one, "every") for one in inputs):
            raise UsageError(
                "--every is for videos (.mp4, .mov, .mkv ...), and none is named; folders give images"
            )


@dataclass(frozen=True, kw_only=True)
class LimitOptions:
    """What one image may cost."""

    max_pixels: Annotated[
        int, typer.Option(min=1, help="Images with more pixels are errors.", rich_help_panel=_IMAGES)
    ] = DEFAULT_MAX_PIXELS


@dataclass(frozen=True, kw_only=True)
class AnswerOptions:
    """What an answer says."""

    topk: Annotated[
        int, typer.Option("--topk", "--top-k", "-k", help="Labels for each image.", rich_help_panel=_OUTPUT)
    ] = 5
    min_prob: Annotated[
        float,
        typer.Option(help='Below this probability say "unsure" instead of a label.', rich_help_panel=_OUTPUT),
    ] = 0.0


@dataclass(frozen=True, kw_only=True)
class ImagesOptions:
    """Images to measure or compare with."""

    images: Annotated[
        list[str] | None, typer.Option(help="Images or folders; may be given more than once.", show_default=False)
    ] = None

    def named(self) -> list[str]:
        """What `--images` named.

        Raises:
            UsageError: nothing.
        """
        if not self.images:
            raise UsageError("--images PHOTOS names the images to use; `eyeful samples samples/` writes some")
        return self.images


@dataclass(frozen=True, kw_only=True)
class JsonOptions:
    """Output for programs."""

    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False


def takes_options(command: Callable[..., None]) -> Callable[..., None]:
    """A function whose dataclass parameters are groups of flags, as Typer takes it: one parameter for each flag.

    Args:
        command: its other parameters are flags themselves, with Typer's annotations and defaults.
    """
    parameters: list[inspect.Parameter] = []
    groups: dict[str, Any] = {}
    for name, parameter in inspect.signature(command, eval_str=True).parameters.items():
        if is_dataclass(parameter.annotation):
            groups[name] = parameter.annotation
            hints = get_type_hints(parameter.annotation, include_extras=True)
            parameters += [_parameter(one, hints[one.name]) for one in fields(parameter.annotation)]
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    @wraps(command)
    def flat(**flags: Any) -> None:
        collected = {
            name: group(**{one.name: flags.pop(one.name) for one in fields(group)})
            for name, group in groups.items()
        }
        command(**flags, **collected)

    flat.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    flat.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return flat


def _parameter(field: Field[Any], annotation: Any) -> inspect.Parameter:
    default = inspect.Parameter.empty if field.default is MISSING else field.default
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def keywords(*groups: Any) -> dict[str, Any]:
    """The flags of groups by name: keyword arguments of `eyeful.load` and its like."""
    return {one.name: getattr(group, one.name) for group in groups for one in fields(group)}


def changed(*groups: Any) -> list[str]:
    """The names of the flags that differ from their defaults."""
    return [one.name for group in groups for one in fields(group) if getattr(group, one.name) != one.default]


def load_classifier(*groups: Any, **more: Any) -> Classifier:
    """The classifier that groups of flags, and more keywords of `eyeful.load`, ask for."""
    from eyeful.loading import load

    asked = keywords(*groups) | more
    return load(asked.pop("model"), **asked)
