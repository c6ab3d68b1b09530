"""`eyeful predict`: images in, labels out."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from eyeful.cli import options
from eyeful.cli.progress import Progress
from eyeful.errors import BrokenOutputError, DecodeTimeoutError, EngineError, OutputError, StoppedError, UsageError
from eyeful.extras import require
from eyeful.loading import load
from eyeful.pipeline import SupportsStream
from eyeful.predictor import PredictorSpec
from eyeful.preprocessing import CropMode, Interpolation
from eyeful.runs import Output, SignalHandler, run
from eyeful.sinks import Sink, format_of
from eyeful.sinks.figures import FiguresSink
from eyeful.sinks.jsonl import JsonlSink
from eyeful.sinks.report import ReportSink
from eyeful.sinks.table import TableSink
from eyeful.sources import open_source

_IMAGES, _OUTPUT, _RUNNING = "Images", "Output", "Running"


def predict(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Images: files, folders, globs, URLs, archives, s3://..., .txt or .csv lists; - reads names.",
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option("--source", help="The same as an argument.", hidden=True)
    ] = None,
    model: options.Model = options.DEFAULT_MODEL,
    checkpoint: options.Checkpoint = None,
    labels: options.LabelFile = None,
    topk: Annotated[
        int, typer.Option("--topk", "--top-k", "-k", help="Labels for each image.", rich_help_panel=_OUTPUT)
    ] = 5,
    min_prob: Annotated[
        float,
        typer.Option(help='Below this probability say "unsure" instead of a label.', rich_help_panel=_OUTPUT),
    ] = 0.0,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="Write rows to a .jsonl, .csv or .parquet file, or to FOLDER/ as Parquet parts.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on where a run with the same -o was cut off.", rich_help_panel=_OUTPUT),
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write an HTML page that shows everything.", rich_help_panel=_OUTPUT)
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(help="Write a figure for each image into this folder.", rich_help_panel=_OUTPUT),
    ] = None,
    table: Annotated[
        bool, typer.Option("--table", help="The table, even where no terminal is.", rich_help_panel=_OUTPUT)
    ] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace outputs that exist.", rich_help_panel=_OUTPUT)] = False,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", help="No table, no progress, no summary.", rich_help_panel=_OUTPUT),
    ] = False,
    recursive: Annotated[
        bool,
        typer.Option("--recursive/--no-recursive", help="Search folders in folders.", rich_help_panel=_IMAGES),
    ] = True,
    crop_mode: Annotated[
        CropMode | None,
        typer.Option(
            help="center, squash or border; the weights' own by default. squash and border show the network the "
            "whole image.",
            rich_help_panel=_IMAGES,
        ),
    ] = None,
    img_size: Annotated[
        int | None,
        typer.Option(
            "--img-size", "--imgsz", help="Side of the network's input in pixels.", rich_help_panel=_IMAGES
        ),
    ] = None,
    crop_pct: Annotated[
        float | None,
        typer.Option(help="Share of the resized side that the crop keeps.", rich_help_panel=_IMAGES),
    ] = None,
    interpolation: Annotated[
        Interpolation | None, typer.Option(help="bilinear, bicubic, nearest ...", rich_help_panel=_IMAGES)
    ] = None,
    max_pixels: options.MaxPixels = options.DEFAULT_MAX_PIXELS,
    batch_size: options.BatchSize = 0,
    workers: options.Workers = 0,
    device: options.Device = "auto",
    engine: options.EngineFlag = "auto",
    precision: options.PrecisionFlag = "auto",
    exact: Annotated[
        bool,
        typer.Option("--exact", help="Reference arithmetic: torch, fp32, full decode.", rich_help_panel=_RUNNING),
    ] = False,
    server: Annotated[
        str | None,
        typer.Option(
            help="Ask an eyeful server instead, by its URL; --model is its alias there, EYEFUL_TOKEN its token.",
            rich_help_panel=_RUNNING,
            show_default=False,
        ),
    ] = None,
    torchcompile: Annotated[
        bool,
        typer.Option("--torchcompile", help="With --engine torch: torch.compile.", rich_help_panel=_RUNNING),
    ] = False,
) -> None:
    """Name what is in images.

    On a terminal, a table with bars; piped, a JSON line for each image; with -o, a file. Every input gets
    exactly one row: an answer, or a named error.
    """
    given = [*(inputs or []), *(source or [])]
    if not given:
        raise UsageError("name an image, a folder or a list; `eyeful samples samples/` writes some to try")
    if resume and output is None:
        raise UsageError("--resume goes on with the file that -o names")
    if resume and (report is not None or figures is not None):
        raise UsageError("--resume goes on with rows; --report and --figures show one whole run")
    _check_places(given, output, report, figures, overwrite=overwrite)
    rows = Output(output, resume=resume, overwrite=overwrite) if output is not None else None
    images = open_source(given, recursive=recursive)
    started = time.perf_counter()
    here: dict[str, Any] = {
        "checkpoint": checkpoint,
        "labels": labels,
        "device": device,
        "engine": engine,
        "precision": precision,
        "exact": exact,
        "crop_mode": crop_mode,
        "img_size": img_size,
        "crop_pct": crop_pct,
        "interpolation": interpolation,
        "batch_size": batch_size,
        "max_pixels": max_pixels,
        "torchcompile": torchcompile,
        "report": report,
        "figures": figures,
    }
    if server is not None:
        _check_remote(here)
        opened = _remote(server, model, PredictorSpec(topk=topk, min_prob=min_prob, workers=workers))
    else:
        del here["report"], here["figures"]
        opened = load(model, topk=topk, min_prob=min_prob, workers=workers, **here)
    with opened as classifier:
        startup = time.perf_counter() - started
        sinks = _other_sinks(classifier, report, figures)
        if table or (output is None and sys.stdout.isatty() and not quiet):
            sinks.append(TableSink(Console()))
        elif output is None and not sys.stdout.isatty():
            sinks.append(JsonlSink(sys.stdout))
        progress = nullcontext() if quiet else Progress(given, recursive=recursive)
        with _told_how_to_resume(output, report, figures), progress as shown, SignalHandler() as stop:
            advance = shown.advance if shown is not None else lambda _: None
            summary = run(classifier, images, sinks, output=rows, stop=stop, on_rows=advance)
        speed = summary.speed(classifier, startup)
    if not quiet:
        print_status(str(summary))
        print_status(speed)
        for path in (output, report, figures):
            if path is not None:
                print_status(f"wrote {path}")
    raise typer.Exit(1 if summary.errors else 0)


_EVERYWHERE = (None, "auto", False, 0, options.DEFAULT_MAX_PIXELS)
"""What flags are that were not given."""


def _check_remote(here: dict[str, Any]) -> None:
    """See that no flag is given that a server would not heed.

    Raises:
        UsageError: one is.
    """
    given = [name for name, value in here.items() if value not in _EVERYWHERE]
    if given:
        raise UsageError(
            f"--{given[0].replace('_', '-')} is for models here; a server has its own, and gives rows"
        )


def _remote(url: str, model: str, spec: PredictorSpec) -> AbstractContextManager[SupportsStream]:
    """The server's first model, or the one that --model names."""
    require("httpx", "--server")
    from eyeful.server.client import RemoteClassifier

    alias = None if model == options.DEFAULT_MODEL else model
    return RemoteClassifier(url, alias, spec, os.environ.get("EYEFUL_TOKEN"))


@contextmanager
def _told_how_to_resume(output: str | None, *others: Path | None) -> Iterator[None]:
    """Say, whatever ends a run early, that nothing is lost."""
    try:
        yield
    except (StoppedError, DecodeTimeoutError, OutputError, EngineError, BrokenOutputError) as error:
        ours = isinstance(error, StoppedError | DecodeTimeoutError)
        if output is not None and (ours or format_of(output).exists(Path(output))):
            without = "without --report and --figures and " if any(others) else ""
            print_status(
                f"the rows so far are in {output}; the same command {without}with --resume goes on from there"
            )
        raise


def _check_places(
    given: list[str], output: str | None, report: Path | None, figures: Path | None, *, overwrite: bool
) -> None:
    """See that outputs destroy neither inputs nor each other, and do not become inputs.

    Raises:
        UsageError: they would, or one exists already.
    """
    rows = Path(output) if output is not None else None
    places = [_real(path) for path in (rows, report, figures) if path is not None]
    inputs = [_real(one) for one in given if one != "-" and "://" not in one]
    for place in places:
        if place in inputs and not place.is_dir():
            raise UsageError(f"{place} is an input; name another file for the output")
    if len(set(places)) < len(places):
        raise UsageError("two outputs have the same name")
    if report is not None and (report.is_dir() or (report.exists() and not overwrite)):
        raise UsageError(f"{report} exists already: --overwrite replaces a file")
    if figures is not None:
        if any(folder == _real(figures) or folder in _real(figures).parents for folder in inputs):
            raise UsageError(f"{figures} lies in a folder of images, so the figures would be classified too")
        if figures.exists() and not overwrite and (not figures.is_dir() or any(figures.iterdir())):
            raise UsageError(f"{figures} exists already: --overwrite writes into it")


def _real(path: str | Path) -> Path:
    """Where a path leads; as far as it does, if it leads nowhere or in circles."""
    return Path(os.path.realpath(os.fspath(path).replace("\0", "")))


def _other_sinks(classifier: SupportsStream, report: Path | None, figures: Path | None) -> list[Sink]:
    sinks: list[Sink] = []
    if report is not None:
        sinks.append(ReportSink(report, classifier.provenance))
    if figures is not None:
        sinks.append(FiguresSink(figures))
    return sinks


def print_status(line: str) -> None:
    """One line on stderr beside the rows."""
    sys.stderr.write(f"eyeful: {line}\n")
