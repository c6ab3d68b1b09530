"""`eyeful embed PHOTOS -o features.parquet`: the vector of each image."""

from __future__ import annotations

import time
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from eyeful.cli import options, supervise
from eyeful.cli.groups import keywords, load_classifier, takes_options
from eyeful.cli.int8 import CalibrateOption, calibrating
from eyeful.cli.outputs import OVERWRITE, RESUME, exit_after, told_how_to_resume
from eyeful.cli.places import check_places
from eyeful.cli.terminal import loading, print_status
from eyeful.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from eyeful.runs import Output, RunSummary
    from eyeful.sources import Source

_PANEL = "Output"


@dataclass(frozen=True, kw_only=True)
class VectorOptions:
    """Where vectors go."""

    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="Write vectors to a .parquet or .npy file; needed.",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None
    resume: RESUME = False
    overwrite: OVERWRITE = False
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress, no summary.", rich_help_panel=_PANEL)
    ] = False

    whole = asks_for_parts = False

    def after_crash(self) -> Self:
        """The same for a process that goes on after another crashed."""
        return replace(self, resume=True, overwrite=False)

    def holds_rows(self) -> bool:
        """Whether what `-o` names holds vectors."""
        from pathlib import Path

        from eyeful.features.output import format_of_vectors

        return self.output is not None and format_of_vectors(self.output).exists(Path(self.output))

    def check(self, inputs: list[str]) -> str:
        """See that there are inputs and a file for their vectors, which is no input.

        Raises:
            UsageError: there are not.
        """
        if not inputs:
            raise UsageError("name an image, a folder or a list; `eyeful samples samples/` writes some to try")
        if self.output is None:
            raise UsageError("-o features.parquet, or .npy, says where the vectors go")
        check_places(inputs, output=self.output)
        return self.output


@takes_options
def embed(
    *,
    inputs: options.INPUTS = None,
    source: options.SOURCE = None,
    model: options.ModelOptions,
    file: VectorOptions,
    search: options.SearchOptions,
    preprocessing: options.PreprocessingOptions,
    limits: options.LimitOptions,
    batches: options.BatchOptions,
    engine: options.EngineOptions,
    int8: CalibrateOption,
    arithmetic: options.ArithmeticOptions,
) -> None:
    """Write a vector for each image, to find what looks alike (`eyeful similar`).

    It is what the network's last layer makes its answer of, at unit length, float32. Every input gets exactly one
    row: a vector, or a named error.
    """
    from eyeful.features.output import open_vectors
    from eyeful.sources import open_source

    all_inputs = [*(inputs or []), *(source or [])]
    if supervise.goes_on(all_inputs, anew=False):
        file = file.after_crash()
    name = file.check(all_inputs)
    images = open_source(all_inputs, **keywords(search))
    with closing(open_vectors(name, resume=file.resume, overwrite=file.overwrite)) as output:
        groups = (model, preprocessing, limits, batches, engine, arithmetic)
        int8_images = partial(calibrating, all_inputs, int8, engine, search)
        summary, speed = _embed(all_inputs, images, output, file, search, groups, int8_images)
    if not file.quiet:
        print_status(summary.said("embedded"))
        complete = file.resume and summary.was_complete
        told = [f"{name} was complete: nothing was left to do"] if complete else [speed, f"wrote {name}"]
        for line in filter(None, told):
            print_status(line)
    exit_after(summary, all_inputs)


def _embed(
    inputs: list[str],
    images: Source,
    output: Output,
    file: VectorOptions,
    search: options.SearchOptions,
    groups: tuple[Any, ...],
    int8_images: Callable[[], dict[str, Any]],
) -> tuple[RunSummary, str]:
    """Write the vectors; what there is now, and a line about how fast it was."""
    from eyeful.cli.progress import Progress
    from eyeful.features.output import describe
    from eyeful.predictor import vector_size
    from eyeful.runs import SignalHandler, run

    started = time.perf_counter()
    with loading(groups[0].model, quiet=file.quiet):
        opened = load_classifier(*groups, **int8_images(), calibration="none")  # it changes answers, no vectors
    with opened as classifier:
        describe(output, vector_size(classifier.predictor), classifier.spec)
        startup = time.perf_counter() - started
        progress = nullcontext() if file.quiet else Progress(inputs, keywords(search), doing="embedding")
        with told_how_to_resume(file), progress as shown, SignalHandler(reads_stdin="-" in inputs) as stop:
            advance = shown.advance if shown is not None else lambda _: None
            summary = run(classifier, images, output=output, stop=stop, on_rows=advance, journal=supervise.journal)
        return summary, summary.speed(classifier, startup)
