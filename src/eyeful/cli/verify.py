"""`eyeful verify MODEL --images PHOTOS`: are the fast answers the same?"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from eyeful.cli import options
from eyeful.cli.groups import keywords, takes_options
from eyeful.cli.terminal import LiveLine
from eyeful.errors import UsageError
from eyeful.filenames import printable
from eyeful.wording import points

if TYPE_CHECKING:
    from eyeful.verify import Agreement, Verification


@takes_options
def verify(
    *,
    model: options.ModelArgument,
    images: options.ImagesOptions,
    engine: options.EngineOptions,
    preprocessing: options.PreprocessingOptions,
    topk: Annotated[int, typer.Option("--topk", "-k", help="k of the top-k agreement.")] = 5,
    min_agreement: Annotated[
        float | None, typer.Option(help="Exit with 1 where the top-1 agreement is below this, 0 to 1.")
    ] = None,
    output: options.JsonOptions,
) -> None:
    """Compare the fast path with the reference (torch, fp32, full decode) on your own images."""
    if min_agreement is not None and not 0 <= min_agreement <= 1:
        raise UsageError(f"--min-agreement {min_agreement} is not between 0 and 1")
    asked = keywords(model, engine, preprocessing)
    files = images.required_images()
    with LiveLine(f"loading {model.model}") as line:
        from eyeful.verify import verify as run_verify

        found = run_verify(asked.pop("model"), files, topk=topk, on_stage=line.say, **asked)
    if output.as_json:
        print(json.dumps(dataclasses.asdict(found), indent=1, ensure_ascii=False))
    else:
        _show(found, topk)
    if min_agreement is not None and (found.fast.top1 < min_agreement or found.fast.errors):
        raise typer.Exit(1)


def _show(found: Verification, topk: int) -> None:
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(f"{found.fast.images} images, against torch fp32")
    for title in ("same top-1", f"same top-{topk}", "mean Δ", "max Δ"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_row(f"{found.path}, fast images", *_cells(found.fast))
    for cause, agreement in found.causes.items():
        table.add_row(f"  {cause} alone", *_cells(agreement))
    console.print(table)
    console.print(
        "Δ: how far the best label's probability is from the reference's, in percentage points. A part alone is "
        "the reference with one change; parts may cancel, so that one is larger than the whole.",
        style="dim",
    )
    if found.fast.errors:
        console.print(f"{found.fast.errors} images are an error in one path only", style="red")
    if found.fast.worst:
        console.print("The largest differences:")
    for difference in found.fast.worst:
        same = difference.reference == difference.found
        labels = difference.reference if same else f"{difference.reference} -> {difference.found}"
        delta = f"{points(difference.delta):>5}"
        console.print(f"  {delta}  {printable(difference.filename)}  {labels}", soft_wrap=True)


def _cells(agreement: Agreement) -> tuple[str, ...]:
    return (
        f"{agreement.top1:.1%}",
        f"{agreement.topk:.1%}",
        points(agreement.mean_delta),
        points(agreement.max_delta),
    )
