"""`eyeful predict`: images in, labels out."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from eyeful.cli import options, supervise
from eyeful.cli.groups import changed, keywords, load_classifier, takes_options
from eyeful.cli.places import check_places
from eyeful.cli.terminal import LiveLine, print_status
from eyeful.errors import BrokenOutputError, DecodeTimeoutError, EngineError, OutputError, StoppedError, UsageError
from eyeful.extras import require
from eyeful.filenames import printable
from eyeful.models import DEFAULT_MODEL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from eyeful.pipeline import SupportsStream
    from eyeful.runs import Output, PartsOutput
    from eyeful.sinks import Sink

_IMAGES, _OUTPUT, _RUNNING = "Images", "Output", "Running"
_DELAY = 0.5
"""Seconds of loading before it is said, as there are mostly none."""


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """Where rows go, and what else is made of them."""

    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="Write rows to a .jsonl, .csv or .parquet file, or as parts to FOLDER/ or s3://bucket/prefix/.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on where a run with the same -o was cut off.", rich_help_panel=_OUTPUT),
    ] = False
    report: Annotated[
        Path | None, typer.Option(help="Write an HTML page that shows everything.", rich_help_panel=_OUTPUT)
    ] = None
    figures: Annotated[
        Path | None, typer.Option(help="Write a figure for each image into this folder.", rich_help_panel=_OUTPUT)
    ] = None
    table: Annotated[
        bool, typer.Option("--table", help="The table, even where no terminal is.", rich_help_panel=_OUTPUT)
    ] = False
    overwrite: Annotated[bool, typer.Option(help="Replace outputs that exist.", rich_help_panel=_OUTPUT)] = False
    shard: Annotated[
        str | None,
        typer.Option(
            help="Make a share of the parts of -o FOLDER/: 1/3, 2/3 or 3/3; `eyeful join` ends it.",
            show_default=False,
            rich_help_panel=_OUTPUT,
        ),
    ] = None
    shard_rows: Annotated[
        int, typer.Option(min=1, max=100_000, help="Images in a part of -o FOLDER/.", rich_help_panel=_OUTPUT)
    ] = 1000
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", help="No table, no progress, no summary.", rich_help_panel=_OUTPUT),
    ] = False

    def after_crash(self) -> Self:
        """The same for a process that goes on after another crashed: what there is was written by that one."""
        return replace(self, resume=self.output is not None and not self.whole, overwrite=self.whole)

    @property
    def whole(self) -> bool:
        """Whether something is asked for that shows one whole run."""
        return self.report is not None or self.figures is not None

    @property
    def asks_for_parts(self) -> bool:
        """Whether rows become parts in a folder or a bucket."""
        from eyeful.runs import asks_for_parts

        return self.output is not None and asks_for_parts(self.output)

    def open(self) -> Output | PartsOutput | None:
        """What `-o` names.

        Raises:
            UsageError, OutputError: as `open_output`.
        """
        from eyeful.runs import Share, open_output

        if self.output is None:
            return None
        share = Share() if self.shard is None else Share.parse(self.shard)
        return open_output(
            self.output, resume=self.resume, overwrite=self.overwrite, share=share, shard_rows=self.shard_rows
        )

    @property
    def files(self) -> tuple[str | Path, ...]:
        """What will be written, by name."""
        return tuple(path for path in (self.output, self.report, self.figures) if path is not None)


@dataclass(frozen=True, kw_only=True)
class ServerOptions:
    """Who answers instead of a model of this process."""

    server: Annotated[
        str | None,
        typer.Option(
            help="Ask an eyeful server instead, by its URL; --model is its alias there, EYEFUL_TOKEN its token.",
            rich_help_panel=_RUNNING,
            show_default=False,
        ),
    ] = None


@takes_options
def predict(
    *,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders, globs, URLs, archives, videos, lists (.csv, .txt ...), s3://...; - reads names.",
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option("--source", help="The same as an argument.", hidden=True)
    ] = None,
    model: options.ModelOptions,
    answers: options.AnswerOptions,
    output: OutputOptions,
    search: options.SearchOptions,
    preprocessing: options.PreprocessingOptions,
    limits: options.LimitOptions,
    batches: options.BatchOptions,
    engine: options.EngineOptions,
    arithmetic: options.ArithmeticOptions,
    server: ServerOptions,
) -> None:
    """Name what is in images.

    On a terminal, a table with bars; piped, a JSON line for each image; with -o, a file. Every input gets
    exactly one row: an answer, or a named error.
    """
    from eyeful.cli.progress import Progress
    from eyeful.runs import SignalHandler, run
    from eyeful.sources import is_repeatable, open_source

    all_inputs = [*(inputs or []), *(source or [])]
    if (journal := supervise.journal) is not None:
        journal["repeatable"], journal["anew"] = all(map(is_repeatable, all_inputs)), output.whole
        output = output.after_crash() if journal.attempt else output
    _check_usage(all_inputs, output)
    images = open_source(all_inputs, **keywords(search), undivided=output.asks_for_parts)
    rows = output.open()
    started = time.perf_counter()
    groups = (model, answers, preprocessing, limits, batches, engine, arithmetic)
    with LiveLine(f"loading {model.model}", _DELAY) if not output.quiet else nullcontext():
        opened = load_classifier(*groups) if server.server is None else _remote(server.server, output, *groups)
    with opened as classifier:
        startup = time.perf_counter() - started
        progress = nullcontext() if output.quiet else Progress(all_inputs, keywords(search))
        with _told_how_to_resume(output), progress as shown, SignalHandler(reads_stdin="-" in all_inputs) as stop:
            advance = shown.advance if shown is not None else lambda _: None
            sinks = _sinks(classifier, output)
            summary = run(classifier, images, sinks, output=rows, stop=stop, on_rows=advance, journal=journal)
        speed = summary.speed(classifier, startup)
    if not output.quiet:
        print_status(str(summary))
        if output.resume and summary.was_complete:
            lines = [f"{output.output} was complete: nothing was left to do"]
        else:
            lines = [speed, *(f"wrote {path}" for path in output.files)]
        for line in filter(None, lines):
            print_status(line)
    if summary.errors.keys() == {"not_found"} and not summary.predicted and not any(map(_exists, all_inputs)):
        raise UsageError(f"nothing that was named exists: {', '.join(map(printable, all_inputs[:3]))}")
    raise typer.Exit(1 if summary.errors else 0)


def _exists(name: str) -> bool:
    """Whether a name leads somewhere, or may."""
    return name == "-" or "://" in name or os.path.lexists(name)


def _remote(
    url: str, output: OutputOptions, model: options.ModelOptions, *groups: Any
) -> AbstractContextManager[SupportsStream]:
    """The server's first model, or the one that --model names.

    Raises:
        UsageError: a flag is given that a server would not heed.
    """
    local = [*changed(model, *groups), *(name for name in ("report", "figures") if getattr(output, name))]
    local = [name for name in local if name not in _FOR_SERVERS_TOO]
    if local:
        flag = local[0].replace("_", "-")
        raise UsageError(f"--{flag} is for models of this process; a server has its own, and gives rows")
    require("httpx", "--server")
    from eyeful.predictor import PredictorSpec
    from eyeful.server.client import RemoteClassifier

    alias = None if model.model == DEFAULT_MODEL else model.model
    asked = keywords(*groups)
    spec = PredictorSpec(topk=asked["topk"], min_prob=asked["min_prob"], workers=asked["workers"])
    url = url if "://" in url else f"http://{url}"
    return RemoteClassifier(url, alias, spec, os.environ.get("EYEFUL_TOKEN"))


_FOR_SERVERS_TOO = ("model", "topk", "min_prob", "workers")


@contextmanager
def _told_how_to_resume(asked: OutputOptions) -> Iterator[None]:
    """Say, whatever ends a run early, that nothing is lost."""
    from eyeful.runs import holds_rows

    try:
        yield
    except (StoppedError, DecodeTimeoutError, OutputError, EngineError, BrokenOutputError) as error:
        output, ours = asked.output, isinstance(error, StoppedError | DecodeTimeoutError)
        if output is not None and (ours or holds_rows(output)):
            without = "without --report and --figures and " if asked.whole else ""
            print_status(
                f"the rows so far are in {output}; the same command {without}with --resume goes on from there"
            )
        raise


def _check_usage(inputs: list[str], asked: OutputOptions) -> None:
    """See that there are inputs, and that the flags of the outputs go together.

    Raises:
        UsageError: they do not.
    """
    if not inputs:
        raise UsageError("name an image, a folder or a list; `eyeful samples samples/` writes some to try")
    if asked.shard is not None and asked.output is None:
        raise UsageError(
            "--shard makes parts of a folder that all processes see: -o FOLDER/ or s3://bucket/prefix/"
        )
    if asked.shard is not None and asked.whole:
        raise UsageError("--report and --figures show one whole run, --shard a share of one")
    if asked.resume and asked.output is None:
        raise UsageError("--resume goes on with the file that -o names")
    if asked.resume and asked.whole:
        raise UsageError("--resume goes on with rows; --report and --figures show one whole run")
    check_places(
        inputs,
        output=asked.output,
        report=asked.report,
        figures=asked.figures,
        overwrite=asked.overwrite,
    )


def _sinks(classifier: SupportsStream, asked: OutputOptions) -> list[Sink]:
    """What shows the rows, beside the file that -o names."""
    from rich.console import Console

    from eyeful.sinks.behind import BehindSink
    from eyeful.sinks.figures import FiguresSink
    from eyeful.sinks.jsonl import JsonlSink
    from eyeful.sinks.report import ReportSink
    from eyeful.sinks.table import TableSink

    sinks: list[Sink] = []
    if asked.report is not None:
        sinks.append(ReportSink(asked.report, classifier.provenance))
    if asked.figures is not None:
        sinks.append(FiguresSink(asked.figures))
    shown: Sink | None = None
    if asked.table or (asked.output is None and sys.stdout.isatty() and not asked.quiet):
        shown = TableSink(Console())
    elif asked.output is None and not sys.stdout.isatty():
        shown = JsonlSink(sys.stdout)
    if shown is not None:
        journal = supervise.journal
        again = journal["delivered"] if journal is not None and asked.whole else 0
        sinks.append(BehindSink(shown, again) if again else shown)
    return sinks
