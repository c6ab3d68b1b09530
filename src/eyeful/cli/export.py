"""`eyeful export MODEL -o DIR`: a prepared model in a folder, for another machine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from eyeful import plugins
from eyeful.bundle import is_bundle, read_bundle, refuse_to_change
from eyeful.cli import options
from eyeful.cli.answers import CalibrationOption
from eyeful.cli.groups import takes_options
from eyeful.cli.terminal import LiveLine, print_status
from eyeful.errors import UsageError
from eyeful.models import DEFAULT_MODEL, ModelRequest
from eyeful.models.labels import relabelled_manifest
from eyeful.wording import points

if TYPE_CHECKING:
    from eyeful.bundle import Bundle

_INT8 = "int8"


@dataclass(frozen=True, kw_only=True)
class NameArgument(options.ModelOptions):
    """Which model, as the command's argument; a bundle, which is an export already, only if it was taught."""

    model: Annotated[
        str,
        typer.Argument(
            help="Name of a model, a folder of timm's, an .onnx or .xml file, or what `eyeful teach` made.",
            autocompletion=options.complete_model,
        ),
    ] = DEFAULT_MODEL


@dataclass(frozen=True, kw_only=True)
class BundleOptions:
    """Where a bundle is written, and for what."""

    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The folder to write.", show_default=False)
    ] = None
    engine: Annotated[
        str,
        typer.Option(
            help=f"What shall run it: {', '.join(plugins.names('engines'))}. The first two need no torch.",
            autocompletion=options.complete_engine,
        ),
    ] = "openvino"
    overwrite: Annotated[bool, typer.Option(help="Replace a bundle that exists.")] = False

    def free_folder(self) -> Path:
        """Where to write, before anything is made.

        Raises:
            UsageError: nothing was named, or it exists and may not be replaced.
        """
        if self.output is None:
            raise UsageError("-o DIR says where to write the bundle")
        if self.output.exists() and not self.overwrite:
            raise UsageError(f"{self.output} exists already: --overwrite replaces it")
        return self.output


@takes_options
def export(
    *,
    model: NameArgument,
    bundle: BundleOptions,
    precision: Annotated[
        Literal["fp32", "int8"],
        typer.Option(help="int8 needs --calibrate; fp32 files run in bf16 too.", rich_help_panel=_INT8),
    ] = "fp32",
    calibrate: Annotated[
        list[str] | None,
        typer.Option(
            help="Images like those to come: half of them set int8's ranges, the others judge the result.",
            show_default=False,
            rich_help_panel=_INT8,
        ),
    ] = None,
    min_agreement: Annotated[
        float,
        typer.Option(
            help="Refuse int8 where fewer held-out images get fp32's label, 0 to 1.", rich_help_panel=_INT8
        ),
    ] = 0.95,
    network: options.InputOptions,
    promises: CalibrationOption,
) -> None:
    """Write a model with its weights, preprocessing and labels to a folder that `--model DIR` runs, offline."""
    from eyeful.prepare import export as write_export

    taught = _taught_bundle(model, network) if is_bundle(Path(model.model)) else None
    output = bundle.free_folder()
    request = taught or ModelRequest(model.model, model.checkpoint, model.labels, network.overrides)
    if calibrate and precision != "int8":
        raise UsageError("--calibrate is for --precision int8")
    own: dict[str, Any] = {"activation": network.activation, "calibration": promises.read()}
    with LiveLine(f"exporting {model.model}"):
        if precision == "int8":
            made = _export_int8(request, output, bundle.engine, calibrate, min_agreement, own)
        elif isinstance(request, ModelRequest):
            made = write_export(request, output, bundle.engine, **own)
        else:
            from eyeful.prepare.taught import export_taught

            checkpoint, calibration = model.checkpoint, own["calibration"]
            made = export_taught(request, output, bundle.engine, calibration=calibration, checkpoint=checkpoint)
    print_written(made, output)


def _taught_bundle(model: NameArgument, network: options.InputOptions) -> Bundle:
    """The bundle of a model that was taught, under the names of a label file where there is one.

    Raises:
        UsageError: it was not taught, or something is asked for that lies fixed in it.
    """
    found = read_bundle(Path(model.model))
    manifest = found.manifest
    if manifest.taught is None:
        raise UsageError(f"{model.model} is a bundle already: export the model that it was made of, by its name")
    refuse_to_change(model.model, network.overrides)
    return replace(found, manifest=relabelled_manifest(manifest.with_activation(network.activation), model.labels))


def _export_int8(
    request: ModelRequest | Bundle,
    output: Path,
    engine: str,
    calibrate: list[str] | None,
    min_agreement: float,
    own: dict[str, Any],
) -> Bundle:
    from eyeful.verify import export_int8

    if engine != "openvino":
        raise UsageError(f"int8 runs in openvino, not in {engine}")
    if not calibrate:
        raise UsageError("--calibrate PHOTOS names images like those to come; int8 is made and judged with them")
    bundle, agreement = export_int8(request, output, calibrate, min_agreement=min_agreement, **own)
    print_status(
        f"int8 gives the label of fp32 on {agreement.top1:.1%} of {agreement.images} held-out images; "
        f"probabilities differ by {points(agreement.mean_delta)} points on average, "
        f"{points(agreement.max_delta)} at most"
    )
    return bundle


def print_written(bundle: Bundle, output: Path) -> None:
    """Tell where a bundle lies, and what runs it."""
    size = sum(path.stat().st_size for path in bundle.folder.iterdir())
    print_status(f"wrote {output} ({size / 1e6:.0f} MB); `eyeful predict --model {output}` runs it")
