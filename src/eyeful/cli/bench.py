"""`eyeful bench MODEL --images PHOTOS`: how fast, and what the bottleneck is."""

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
from eyeful.wording import rate

if TYPE_CHECKING:
    from eyeful.bench import Figures

_TITLES = {
    "textbook": "textbook loop (torch, one at a time)",
    "eyeful": "eyeful, end to end",
    "decode": "decode only",
    "forward": "forward only",
}


@takes_options
def bench(
    *,
    model: options.ModelArgument,
    images: options.ImagesOptions,
    engine: options.EngineOptions,
    preprocessing: options.PreprocessingOptions,
    num_images: Annotated[int, typer.Option(min=1, help="Images in each round; files are repeated.")] = 1000,
    rounds: Annotated[int, typer.Option(min=1, help="Interleaved rounds; medians are shown.")] = 3,
    batches: options.BatchOptions,
    output: options.JsonOptions,
) -> None:
    """Measure eyeful beside the textbook loop, on the same images and weights, in one run."""
    asked = keywords(model, engine, preprocessing, batches)
    files = images.required_images()
    with LiveLine(f"loading {model.model}") as line:
        from eyeful.bench import bench as run_bench

        found = run_bench(
            asked.pop("model"), files, num_images=num_images, rounds=rounds, on_stage=line.say, **asked
        )
    if output.as_json:
        derived = {
            "path": found.path,
            "speedup": found.speedup,
            "estimate": found.estimate,
            "of_estimate": found.median("eyeful") / found.estimate,
            "core_hours_per_million": {stage: found.core_hours(stage) for stage in found.core_rates},
            "hours_per_million": {stage: found.hours(stage) for stage in found.rates},
            "noise": found.noise,
        }
        print(json.dumps(dataclasses.asdict(found) | derived, indent=1))
    else:
        _show(found)


def _show(found: Figures) -> None:
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(found.path)
    ratios = () if found.noise else ("ratio",)
    for title in ("images/s", "min", "max", *ratios, "per core-s"):
        table.add_column(title, justify="right", no_wrap=True)
    for stage, title in _TITLES.items():
        rates = found.rates[stage]
        ratio = f"{found.median(stage) / found.median('textbook'):.1f}x"
        cells = (rate(one) for one in (found.median(stage), min(rates), max(rates)))
        table.add_row(title, *cells, *(ratio for _ in ratios), rate(found.median_per_core(stage)))
    table.add_row("estimate 1/(1/decode + 1/forward)", rate(found.estimate))
    console.print(table)
    if found.noise:
        headline = (
            f"Noisy, so no ratio is given: {'; '.join(found.noise)}. Three rounds of more images (--rounds 3 "
            "--num-images 1000) on a machine that does nothing else give one."
        )
    else:
        headline = (
            f"eyeful runs at {found.speedup:.1f} times the textbook loop, and at "
            f"{found.median('eyeful') / found.estimate:.2f} of the estimate."
        )
    console.print(headline)
    if not found.noise:
        console.print(_cost(found))
    console.print(f"The bottleneck is {found.bottleneck}.")
    if found.startup:
        start = found.startup
        console.print(
            f"One image, whole process: {start['warm']:.2f} s warm ({start['warm peak memory']:.0f} MB), "
            f"{start['cold']:.1f} s cold; a script on torch and TorchVision takes {start['torch script']:.2f} s."
        )


def _cost(found: Figures) -> str:
    """What a million images cost: core-hours of work, and hours of this machine, whose idle cores cost too."""
    core, hours = (
        tuple(f"{value(stage):.{0 if value(stage) >= 10 else 1}f}" for stage in ("eyeful", "textbook"))
        for value in (found.core_hours, found.hours)
    )
    beside = "" if found.device == "cpu" else f", besides what {found.device} does"
    return (
        f"A million images cost {core[0]} core-hours{beside}, and {hours[0]} hours of this machine; "
        f"with the textbook loop {core[1]}, and {hours[1]}."
    )
