"""`eyeful predict`: where rows go, and whether the flags that say so go together."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, Protocol, Self

import typer

from eyeful.cli.places import check_places
from eyeful.cli.terminal import print_status
from eyeful.errors import (
    BrokenOutputError,
    ClusterError,
    DecodeTimeoutError,
    EngineError,
    OutputError,
    StoppedError,
    UsageError,
)
from eyeful.extras import require
from eyeful.filenames import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eyeful.runs import Output, PartsOutput, RunSummary

_OUTPUT = "Output"
LATE = (BrokenOutputError, ClusterError, DecodeTimeoutError, EngineError, OutputError)
"""Errors that may come when there are rows already."""


RESUME = Annotated[
    bool, typer.Option("--resume", help="Go on where a run with the same -o was cut off.", rich_help_panel=_OUTPUT)
]
OVERWRITE = Annotated[bool, typer.Option(help="Replace outputs that exist.", rich_help_panel=_OUTPUT)]


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
    resume: RESUME = False
    report: Annotated[
        Path | None, typer.Option(help="Write an HTML page that shows everything.", rich_help_panel=_OUTPUT)
    ] = None
    review: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1000,
            help="Make the --report a page where you judge N random answers, for `eyeful evaluate --verdicts`.",
            metavar="N",
            show_default=False,
            rich_help_panel=_OUTPUT,
        ),
    ] = None
    figures: Annotated[
        Path | None, typer.Option(help="Write a figure for each image into this folder.", rich_help_panel=_OUTPUT)
    ] = None
    table: Annotated[
        bool, typer.Option("--table", help="The table, even where no terminal is.", rich_help_panel=_OUTPUT)
    ] = False
    overwrite: OVERWRITE = False
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

    def holds_rows(self) -> bool:
        """Whether what `-o` names holds rows."""
        from eyeful.runs import holds_rows

        return self.output is not None and holds_rows(self.output)

    def open(self) -> Output | PartsOutput | None:
        """What `-o` names.

        Raises:
            UsageError, OutputError: as `open_output`.
        """
        from eyeful.runs import open_output

        if self.output is None:
            return None
        return open_output(self.output, **self._how)

    def open_parts(self) -> PartsOutput:
        """The same, of an `-o` that asks for parts.

        Raises:
            UsageError, OutputError: as `PartsOutput`.
        """
        from eyeful.runs import PartsOutput

        return PartsOutput(str(self.output), **self._how)

    @property
    def shares(self) -> int:
        """How many processes make the parts together.

        Raises:
            UsageError: `--shard` is none.
        """
        return int(self._how["share"].of)

    @property
    def _how(self) -> dict[str, Any]:
        from eyeful.runs.share import WHOLE, Share

        share = WHOLE if self.shard is None else Share.parse(self.shard)
        return {
            "resume": self.resume,
            "overwrite": self.overwrite,
            "share": share,
            "shard_rows": self.shard_rows,
        }

    @property
    def files(self) -> tuple[str | Path, ...]:
        """What will be written, by name."""
        return tuple(path for path in (self.output, self.report, self.figures) if path is not None)


class Resumable(Protocol):
    """Flags of a command whose run can be gone on with."""

    @property
    def output(self) -> str | None: ...  # noqa: D102

    @property
    def whole(self) -> bool: ...  # noqa: D102

    @property
    def asks_for_parts(self) -> bool: ...  # noqa: D102

    def holds_rows(self) -> bool: ...  # noqa: D102


@contextmanager
def told_how_to_resume(asked: Resumable) -> Iterator[None]:
    """Say, whatever ends a run early, that nothing is lost."""
    try:
        yield
    except (StoppedError, *LATE) as error:
        output, ours = asked.output, isinstance(error, StoppedError | DecodeTimeoutError)
        if output is not None and ((ours and not asked.asks_for_parts) or asked.holds_rows()):
            without = "without --report and --figures and " if asked.whole else ""
            print_status(
                f"the rows so far are in {output}; the same command {without}with --resume goes on from there"
            )
        raise


def check_usage(inputs: list[str], asked: OutputOptions) -> None:
    """See that there are inputs, and that the flags of the outputs go together.

    Raises:
        UsageError: they do not.
        MissingExtraError: Matplotlib is not installed, which figures need.
    """
    if not inputs:
        raise UsageError("name an image, a folder or a list; `eyeful samples samples/` writes some to try")
    if asked.review is not None and asked.report is None:
        raise UsageError("--review makes a page of the report: name its file too, --report review.html")
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
    if asked.figures is not None:
        require("matplotlib", "--figures")
    check_places(
        inputs,
        output=asked.output,
        report=asked.report,
        figures=asked.figures,
        overwrite=asked.overwrite,
    )


def exit_after(summary: RunSummary, inputs: list[str]) -> NoReturn:
    """End a command whose run came to its end: with 1 where some rows are errors.

    Raises:
        UsageError: nothing that was named exists.
        typer.Exit: otherwise.
    """
    if summary.errors.keys() == {"not_found"} and not summary.predicted and not any(map(_exists, inputs)):
        raise UsageError(f"nothing that was named exists: {', '.join(map(printable, inputs[:3]))}")
    raise typer.Exit(1 if summary.errors else 0)


def _exists(name: str) -> bool:
    """Whether a name leads somewhere, or may."""
    return name == "-" or "://" in name or os.path.lexists(name)
