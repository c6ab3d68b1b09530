"""`eyeful explain IMAGE`: a figure of the way from pixels to the answer."""

import io
from pathlib import Path
from typing import Annotated

import typer

from eyeful.bundle import is_bundle
from eyeful.cli import options
from eyeful.cli.groups import load_classifier, takes_options
from eyeful.cli.terminal import LiveLine, print_status
from eyeful.errors import ImageError, OutputError, UsageError
from eyeful.extras import require
from eyeful.filenames import printable
from eyeful.wording import percent


@takes_options
def explain(
    *,
    image: Annotated[str, typer.Argument(help="An image: a path, an address, or - for stdin.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The figure to write: .png, .svg or .pdf.", show_default="NAME.explain.png"
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            help="The label to explain, by name, WordNet id or index: why not tabby?", show_default="the best one"
        ),
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option(
            help="The layer that Grad-CAM looks at (`eyeful info MODEL --layers`).",
            show_default="the last with feature maps",
        ),
    ] = None,
    model: options.ModelOptions,
    overwrite: Annotated[bool, typer.Option(help="Replace a figure that exists.")] = False,
    preprocessing: options.PreprocessingOptions,
    limits: options.LimitOptions,
) -> None:
    """Draw what a network sees: input, feature maps, vector, logits, probabilities, where the answer comes from.

    Computed by torch in fp32, on the CPU.
    """
    path = output or Path(f"{Path(image).stem if image != '-' else 'stdin'}.explain.png")
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise UsageError(f"{path}: a figure ends in .png, .svg or .pdf")
    if path.exists() and not overwrite:
        raise UsageError(f"{path} exists already: --overwrite replaces it")
    options.check_exists(image)
    engine = "auto" if is_bundle(Path(model.model)) and model.checkpoint is None else "torch"
    drawn = io.BytesIO()
    with LiveLine(f"loading {model.model}") as line:
        for module in ("captum", "matplotlib"):
            require(module, "eyeful explain")
        with load_classifier(model, preprocessing, limits, device="cpu", engine=engine) as classifier:
            line.say(f"explaining {printable(image)}")
            try:
                explanation = classifier.explain(image, target, layer)
            except ImageError as error:
                raise UsageError(f"{printable(image)}: {error}") from error
        line.say("drawing the figure")
        explanation.plot().savefig(drawn, format=path.suffix[1:].lower())
    try:
        path.write_bytes(drawn.getvalue())
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    score = explanation.target
    print_status(f"wrote {path}: {score.label} {percent(score.prob)}, logit {score.logit:.1f}")
