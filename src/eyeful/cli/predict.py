"""`eyeful predict`: images in, labels out."""

from __future__ import annotations

import os
import sys
import time
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from eyeful.cli import options, supervise
from eyeful.cli.answers import AnswerOptions
from eyeful.cli.cluster import ClusterFlags, predict_on_cluster
from eyeful.cli.groups import keywords, load_classifier, takes_options
from eyeful.cli.int8 import CalibrateOption, calibrating
from eyeful.cli.outputs import OutputOptions, check_usage, exit_after, told_how_to_resume
from eyeful.cli.remote import ServerOptions
from eyeful.cli.terminal import loading, print_status
from eyeful.results import Calibration
from eyeful.results.promises import promise_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from eyeful.pipeline import SupportsStream
    from eyeful.runs import RunSummary
    from eyeful.sinks import Sink
    from eyeful.sources import Source


@takes_options
def predict(
    *,
    inputs: options.INPUTS = None,
    source: options.SOURCE = None,
    model: options.ModelOptions,
    answers: AnswerOptions,
    output: OutputOptions,
    search: options.SearchOptions,
    preprocessing: options.PreprocessingOptions,
    limits: options.LimitOptions,
    batches: options.BatchOptions,
    engine: options.EngineOptions,
    int8: CalibrateOption,
    arithmetic: options.ArithmeticOptions,
    server: ServerOptions,
    cluster: ClusterFlags,
) -> None:
    """Name what is in images.

    On a terminal, a table with bars; piped, a JSON line for each image; with -o, a file. Every input gets
    exactly one row: an answer, or a named error.
    """
    from eyeful.sources import open_source

    all_inputs = [*(inputs or []), *(source or [])]
    if supervise.goes_on(all_inputs, anew=output.whole):
        output = output.after_crash()
    check_usage(all_inputs, output)
    cluster.check(output, server.server, engine.precision)
    images = open_source(all_inputs, **keywords(search), undivided=output.asks_for_parts)
    groups = (model, answers, preprocessing, limits, batches, engine, arithmetic, int8)
    int8_images = partial(calibrating, all_inputs, int8, engine, search)
    if cluster.cluster is not None:
        summary, told = predict_on_cluster(cluster, all_inputs, images, output, search, groups, int8_images)
    else:
        summary, told = _predict_here(all_inputs, images, output, search, server, groups, int8_images)
    if not output.quiet:
        print_status(str(summary))
        if output.resume and summary.was_complete:
            told = [f"{output.output} was complete: nothing was left to do"]
        else:
            told += [f"wrote {path}" for path in output.files]
        if output.review is not None:
            told.append(f"judge in a browser: {output.report}; then: eyeful evaluate --verdicts verdicts.csv")
        for line in told:
            print_status(line)
    exit_after(summary, all_inputs)


def _predict_here(
    inputs: list[str],
    images: Source,
    output: OutputOptions,
    search: options.SearchOptions,
    server: ServerOptions,
    groups: tuple[Any, ...],
    int8_images: Callable[[], dict[str, Any]],
) -> tuple[RunSummary, list[str]]:
    """Classify in this process, or through a server; what there is now, and a line about how fast it was."""
    from eyeful.cli.progress import Progress
    from eyeful.runs import SignalHandler, run

    rows = output.open()
    started = time.perf_counter()
    with loading(groups[0].model, quiet=output.quiet):
        local = [name for name in ("report", "figures") if getattr(output, name)]
        opened: Any
        if server.server is not None:
            opened = server.open(*groups, local=local)
        else:
            opened = load_classifier(*groups, **int8_images())
    with opened as classifier:
        startup = time.perf_counter() - started
        progress = nullcontext() if output.quiet else Progress(inputs, keywords(search), output.shares)
        with told_how_to_resume(output), progress as shown, SignalHandler(reads_stdin="-" in inputs) as stop:
            advance = shown.advance if shown is not None else lambda _: None
            sinks = _sinks(classifier, output, inputs)
            summary = run(
                classifier, images, sinks, output=rows, stop=stop, on_rows=advance, journal=supervise.journal
            )
        speed = summary.speed(classifier, startup)
        promised, grouping = classifier.provenance.get("calibration"), classifier.spec.sure is not None
    promise = promise_line(Calibration.from_dict(promised), groups=grouping) if promised else ""
    return summary, [line for line in (speed, promise) if line]


def _sinks(classifier: SupportsStream, asked: OutputOptions, inputs: list[str]) -> list[Sink]:
    """What shows the rows, beside the file that -o names."""
    sinks: list[Sink] = []
    if asked.report is not None and asked.review is not None:
        from eyeful.sinks.review import ReviewSink

        files = all(map(os.path.isdir, inputs))
        sinks.append(ReviewSink(asked.report, classifier.provenance, asked.review, thumbnails=not files))
    elif asked.report is not None:
        from eyeful.sinks.report import ReportSink

        sinks.append(ReportSink(asked.report, classifier.provenance))
    if asked.figures is not None:
        from eyeful.sinks.figures import FiguresSink

        sinks.append(FiguresSink(asked.figures))
    shown = _shown(asked)
    if shown is not None:
        journal = supervise.journal
        again = journal["delivered"] if journal is not None and asked.whole else 0
        if again:
            from eyeful.sinks.behind import BehindSink

            shown = BehindSink(shown, again)
        sinks.append(shown)
    return sinks


def _shown(asked: OutputOptions) -> Sink | None:
    """What prints the rows: the table on a terminal, JSON elsewhere, nothing where a file has them."""
    if asked.table or (asked.output is None and sys.stdout.isatty() and not asked.quiet):
        from rich.console import Console

        from eyeful.sinks.table import TableSink

        return TableSink(Console())
    if asked.output is None and not sys.stdout.isatty():
        from eyeful.sinks.jsonl import JsonlSink

        return JsonlSink(sys.stdout)
    return None
