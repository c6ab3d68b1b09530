"""`eyeful teach LABELLED/ -o mymodel/`: a model with labels of one's own, from a few images of each."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eyeful.cli import options
from eyeful.cli.groups import keywords, takes_options
from eyeful.cli.progress import Progress
from eyeful.cli.table import wrapped
from eyeful.cli.terminal import loading, print_status
from eyeful.errors import ERROR_KINDS, UsageError
from eyeful.wording import counted_percent

if TYPE_CHECKING:
    from eyeful.teaching.labelled import Labelled
    from eyeful.teaching.result import Taught

_PANEL = "Teaching"


@dataclass(frozen=True, kw_only=True)
class TeachOptions:
    """What says the labels, and what judges the result."""

    truth: Annotated[
        str,
        typer.Option(
            help="What says the label: auto, folders, or a .csv or .jsonl file with filename and label.",
            rich_help_panel=_PANEL,
        ),
    ] = "auto"
    test: Annotated[
        str | None,
        typer.Option(
            help="Other images with the same labels, which are not taught: how good is it on them?",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None
    outsiders: Annotated[
        str | None,
        typer.Option(
            help='Images of no label: how many of them are answered "none of these"?',
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None
    min_accuracy: Annotated[
        float | None,
        typer.Option(
            help="Exit with 1 where a smaller share is right, 0 to 1: of the test, else in cross-validation.",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class TaughtOutput:
    """Where a taught model and its report go."""

    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The folder of the model; needed.", show_default=False, rich_help_panel=_PANEL
        ),
    ] = None
    report: Annotated[
        Path | None,
        typer.Option(
            help="The report (HTML); by default beside the model: mymodel.html beside mymodel/.",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None
    overwrite: Annotated[
        bool, typer.Option(help="Replace a model and a report that exist.", rich_help_panel=_PANEL)
    ] = False
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress, and no sentences.", rich_help_panel=_PANEL)
    ] = False

    @property
    def page(self) -> Path:
        """Where the report is written."""
        folder = Path(str(self.output)).absolute()
        return self.report or Path(str(self.output)).parent / f"{folder.name}.html"

    def check(self, roots: tuple[str, ...]) -> None:
        """See that model and report can be written, before anything is opened.

        Raises:
            UsageError: something is there that may not be replaced, or the report lies in the model.
            OutputError: nothing can be written there.
        """
        from eyeful.teaching.checks import check_output, check_report

        folder = check_output(str(self.output), roots, overwrite=self.overwrite)
        check_report(self.page, folder, overwrite=self.overwrite)


@dataclass(frozen=True, kw_only=True)
class BaseOptions(options.CheckpointOption, options.NameOption):
    """Which network is taught."""


@takes_options
def teach(
    *,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="A folder with a folder of images for each label, 5 or more; or a list of images and labels.",
            show_default=False,
        ),
    ] = None,
    asked: TeachOptions,
    written: TaughtOutput,
    as_json: options.JsonOptions,
    model: BaseOptions,
    search: options.SearchOptions,
    preprocessing: options.PreprocessingOptions,
    limits: options.LimitOptions,
    batches: options.BatchOptions,
    engine: options.EngineOptions,
) -> None:
    """Teach a model labels of your own, from 5 images of each, better 20.

    The network stays as it is; only its last layer is new, which takes seconds. Cross-validation says how good it
    is, and a report shows what is confused and which labels look wrong. `eyeful predict --model mymodel/` runs it,
    as does every other command. An image that is like none of the labels is answered "none of these".
    """
    from eyeful.extras import require

    if asked.min_accuracy is not None and not 0 <= asked.min_accuracy <= 1:
        raise UsageError(f"--min-accuracy {asked.min_accuracy} is not between 0 and 1")
    if preprocessing.activation is not None:
        raise UsageError(
            "--activation is for models with labels; what is taught has shares of its labels (softmax)"
        )
    named = inputs or []
    if not named:
        raise UsageError("name a folder with a folder of images for each label")
    if written.output is None:
        raise UsageError("-o mymodel/ says where to write the model")
    for name in (*named, asked.test, asked.outsiders):
        if name is not None:
            options.check_exists(name)
    labelled, test = _found(named, asked, search)
    written.check(labelled.roots)
    require("sklearn", "teaching")
    places = [name for name in (*named, asked.test, asked.outsiders) if name is not None]
    shown = Progress(places, keywords(search))
    groups = (model, preprocessing, limits, batches, engine)
    taught = _taught(labelled, test, asked, written, shown, groups)
    _show(taught, as_json, written)
    raise typer.Exit(_exit_code(taught, asked.min_accuracy))


def _found(
    inputs: list[str], asked: TeachOptions, search: options.SearchOptions
) -> tuple[Labelled, Labelled | None]:
    """The images to teach, and those of the test; none is opened."""
    from eyeful.teaching.labelled import labelled_images, labelled_test

    labelled = labelled_images(inputs, asked.truth, **keywords(search))
    if asked.test is None:
        return labelled, None
    return labelled, labelled_test(asked.test, labelled, asked.truth, **keywords(search))


def _taught(
    labelled: Labelled,
    test: Labelled | None,
    asked: TeachOptions,
    written: TaughtOutput,
    shown: Progress,
    groups: tuple[Any, ...],
) -> Taught:
    """Teach, and write the model and the report."""
    from eyeful.loading import load
    from eyeful.teaching.run import teach as run_teach

    flags = keywords(*groups)
    with loading(flags["model"], quiet=written.quiet):
        classifier = load(flags.pop("model"), **flags)
    with classifier, nullcontext() if written.quiet else shown:
        return run_teach(
            labelled,
            str(written.output),
            model=classifier,
            test=test,
            outsiders=asked.outsiders,
            overwrite=written.overwrite,
            report=written.page,
            on_rows=shown.advance,
        )


def _show(taught: Taught, as_json: options.JsonOptions, written: TaughtOutput) -> None:
    from eyeful.teaching.summary import summary_lines

    if as_json.as_json:
        print(json.dumps(taught.to_dict(), indent=1, ensure_ascii=False))
    elif not written.quiet:
        for sentence in summary_lines(taught):
            print(wrapped(sentence))
    if not written.quiet:
        print_status(f"wrote {written.output} and {written.page}, its report; look at that first")
        print_status(f"`eyeful predict --model {written.output} photos/` runs it")


def _exit_code(taught: Taught, min_accuracy: float | None) -> int:
    """1 where images could not be opened, or too few answers are right."""
    share = taught.manifest["accuracy"]["share"] if taught.test is None else taught.test.top1.share or 0
    missed = min_accuracy is not None and share < min_accuracy
    if missed:
        print_status(f"{counted_percent(share)} right is less than --min-accuracy {min_accuracy}")
    failed = any(reason in ERROR_KINDS for reason in taught.left_out) or (taught.test and taught.test.errors)
    return 1 if missed or failed else 0
