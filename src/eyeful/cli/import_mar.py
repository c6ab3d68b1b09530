"""`eyeful import-mar FILE.mar -o DIR`: a TorchServe archive becomes a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from eyeful.cli import options
from eyeful.cli.export import BundleOptions, print_written
from eyeful.cli.groups import takes_options
from eyeful.cli.terminal import LiveLine, print_status
from eyeful.errors import UsageError
from eyeful.models import ModelRequest, find_model
from eyeful.models.torchserve_archive import HANDLER_PREPROCESSING, unpacked

if TYPE_CHECKING:
    from eyeful.models.torchserve_archive import TorchServeArchive

_TRANSFORMING = ("googlenet", "inception_v3")
"""TorchVision's networks that may normalise their input again inside, which is seen in no tensor."""


@takes_options
def import_mar(
    *,
    archive: Annotated[
        Path, typer.Argument(help="A .mar, a .tar.gz, or the unpacked folder.", show_default=False)
    ],
    bundle: BundleOptions,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="Name of its architecture: the code in the archive is not run.",
            autocompletion=options.complete_model,
            show_default=False,
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="Labels in place of its index_to_name.json.", show_default=False),
    ] = None,
    handler: Annotated[
        Literal["image_classifier"] | None,
        typer.Option(help="What its own handler is like, if that is code.", show_default=False),
    ] = None,
) -> None:
    """Turn a TorchServe archive into a bundle that `--model DIR` runs; none of its code is run.

    It must hold a state_dict and be for the handler `image_classifier`, whose preprocessing the bundle has.
    """
    from eyeful.prepare import export

    output = bundle.free_folder()
    with (
        LiveLine(f"reading {archive}") as line,
        unpacked(archive, handler=handler, labels=labels) as found,
    ):
        if model is None:
            raise UsageError(_question(archive, found))
        architecture = find_model(ModelRequest(model)).architecture
        if architecture.library == "torchvision" and architecture.name in _TRANSFORMING:
            raise UsageError(
                f"whether {model} normalises its input again (transform_input) is said by code that is not run: "
                f"if it does, unpack {archive}, and eyeful export {model} --checkpoint {found.weights.name} "
                "--labels index_to_name.json"
            )
        request = ModelRequest(model, found.weights, found.labels, preprocessing=HANDLER_PREPROCESSING)
        line.say(f"importing {archive}")
        made = export(request, output, bundle.engine, source=f"{archive}/{found.weights.name}")
    if found.has_forward:
        print_status(
            f"{found.model_file} defines a forward of its own, which was not run; the bundle has that of "
            f"{model}: compare some answers with TorchServe's"
        )
    print_written(made, output)


def _question(archive: Path, found: TorchServeArchive) -> str:
    """What to ask of a user who named no architecture, with a guess."""
    from eyeful.models.checkpoint import guessed_architecture

    guess = guessed_architecture(found.weights)
    hint = f"its weights look like {guess}: --model {guess}" if guess else "`eyeful models` lists them"
    code = f" ({found.model_file})" if found.model_file else ""
    return f"--model ARCHITECTURE has to name the network of {archive}, whose code{code} is not run; {hint}"
