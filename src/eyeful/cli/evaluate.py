"""`eyeful evaluate PHOTOS`: how good is the model on images whose labels are known?"""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from eyeful.cli import options, supervise
from eyeful.cli.answers import AnswerOptions
from eyeful.cli.groups import changed, keywords, load_classifier, takes_options
from eyeful.cli.int8 import CalibrateOption, calibrating
from eyeful.cli.outputs import LATE
from eyeful.cli.remote import ServerOptions
from eyeful.cli.table import wrapped
from eyeful.cli.terminal import loading, print_status
from eyeful.errors import StoppedError, UsageError
from eyeful.filenames import printable
from eyeful.wording import counted_images

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eyeful.evaluation.result import Evaluation
    from eyeful.evaluation.verdicts import Verdicts

_PANEL = "Evaluation"
_OF_ROWS = ("model", "checkpoint", "labels", "sure")
"""What means something to rows, of the flags that decide answers."""


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """What is right, and what is compared."""

    truth: Annotated[
        str,
        typer.Option(
            help="What is right: auto, folders, names, or a .csv or .jsonl file with filename and label.",
            rich_help_panel=_PANEL,
        ),
    ] = "auto"
    against: Annotated[
        str | None,
        typer.Option(
            help="Another model, or its rows, on the same images.", show_default=False, rich_help_panel=_PANEL
        ),
    ] = None
    outsiders: Annotated[
        str | None,
        typer.Option(
            help="Images of which no label is right: are they told apart?",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None
    verdicts: Annotated[
        Path | None,
        typer.Option(
            help="What a review page saved (`predict --report FILE --review N`), instead of images.",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None
    min_top1: Annotated[
        float | None,
        typer.Option(
            help="Exit with 1 where fewer than this share are right, 0 to 1.",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class FolderOptions:
    """Where an evaluation goes."""

    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="A folder for rows.jsonl, evaluation.json and report.html.",
            show_default=False,
            rich_help_panel=_PANEL,
        ),
    ] = None
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the same was cut off.", rich_help_panel=_PANEL)
    ] = False
    overwrite: Annotated[bool, typer.Option(help="Replace what is there.", rich_help_panel=_PANEL)] = False
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress, and no sentences.", rich_help_panel=_PANEL)
    ] = False

    def after_crash(self) -> Self:
        """The same for a process that goes on after another crashed."""
        return replace(self, resume=self.output is not None, overwrite=False)


@takes_options
def evaluate(
    *,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Images whose labels are known, as for `predict`; or rows that it wrote.", show_default=False
        ),
    ] = None,
    asked: EvaluateOptions,
    folder: FolderOptions,
    as_json: options.JsonOptions,
    model: options.ModelOptions,
    answers: AnswerOptions,
    search: options.SearchOptions,
    preprocessing: options.PreprocessingOptions,
    limits: options.LimitOptions,
    batches: options.BatchOptions,
    engine: options.EngineOptions,
    int8: CalibrateOption,
    arithmetic: options.ArithmeticOptions,
    server: ServerOptions,
) -> None:
    """Find out how good a model is on your images.

    The name of a folder or of an image says what is right: a label, a WordNet id, or a group such as dog. Or a
    file says it. Names that are none of the labels are listed, and their images are not scored.
    """
    from eyeful.evaluation.rows import is_rows

    named = inputs or []
    groups = (model, answers, preprocessing, limits, batches, engine, arithmetic, int8)
    if asked.min_top1 is not None and not 0 <= asked.min_top1 <= 1:
        raise UsageError(f"--min-top1 {asked.min_top1} is not between 0 and 1")
    if asked.verdicts is not None:
        verdicts = _of_verdicts(named, asked, folder, search, server, *groups)
        _show(verdicts, as_json, folder)
        raise typer.Exit(_exit_code(verdicts, asked.min_top1))
    if not named:
        raise UsageError("name a folder of images whose labels are known, or rows of `eyeful predict -o`")
    if folder.output is None and (folder.resume or folder.overwrite):
        raise UsageError("--resume and --overwrite are about the folder that -o names")
    for name in named:
        options.check_exists(name)
    if supervise.goes_on(named, anew=folder.output is None):
        folder = folder.after_crash()
    if len(named) == 1 and is_rows(named[0]):
        found = _of_rows(named[0], asked, folder, server, search, *groups)
    else:
        int8_images = partial(calibrating, named, int8, engine, search)
        found = _classified(named, asked, folder, search, server, groups, int8_images)
    says = {"folders": "their folders say", "names": "their file names say"}.get(
        found.truth, f"{found.truth} says"
    )
    _show(found, as_json, folder, f"{found.model}: {counted_images(found.images)}; {says} what is right.")
    raise typer.Exit(_exit_code(found, asked.min_top1))


def _of_verdicts(inputs: list[str], asked: EvaluateOptions, folder: FolderOptions, *groups: Any) -> Verdicts:
    """Evaluate what a person said of answers.

    Raises:
        UsageError: anything else is asked for too, or they cannot be read.
    """
    from eyeful.evaluation.verdicts import evaluate_verdicts

    others = [name for name in changed(asked, folder, *groups) if name not in ("verdicts", "min_top1", "quiet")]
    if inputs or others:
        beside = printable(inputs[0]) if inputs else f"--{others[0].replace('_', '-')}"
        raise UsageError(f"--verdicts is evaluated by itself, without {beside}: the answers are made and judged")
    return evaluate_verdicts(Path(str(asked.verdicts)))


def _of_rows(
    rows: str, asked: EvaluateOptions, folder: FolderOptions, server: ServerOptions, *groups: Any
) -> Evaluation:
    """Evaluate rows that are there; nothing is loaded.

    Raises:
        UsageError: a flag is set that needs a network.
    """
    from eyeful.evaluation.labels import labels_of_model
    from eyeful.evaluation.rows import is_rows, record_of_rows
    from eyeful.evaluation.run import evaluate as run_evaluate

    local = [name for name in changed(server, *groups) if name not in _OF_ROWS]
    if local:
        raise UsageError(
            f"--{local[0].replace('_', '-')} is for images; the answers in {printable(rows)} are made"
        )
    for flag, name in (("against", asked.against), ("outsiders", asked.outsiders)):
        if name is not None and not is_rows(name):
            raise UsageError(f"--{flag} {printable(name)} is no rows: beside rows, others are compared")
    labels, flags = None, keywords(*groups)
    if any(name in changed(*groups) for name in _OF_ROWS[:3]):
        provenance = record_of_rows(rows).get("provenance") or {}
        labels = labels_of_model(flags["model"], flags["checkpoint"], flags["labels"], provenance)
    return run_evaluate(
        rows,
        truth=asked.truth,
        against=asked.against,
        outsiders=asked.outsiders,
        sure=flags["sure"],
        labels=labels,
        output=folder.output,
        resume=folder.resume,
        overwrite=folder.overwrite,
    )


def _classified(
    inputs: list[str],
    asked: EvaluateOptions,
    folder: FolderOptions,
    search: options.SearchOptions,
    server: ServerOptions,
    groups: tuple[Any, ...],
    int8_images: Callable[[], dict[str, Any]],
) -> Evaluation:
    """Evaluate images."""
    from eyeful.cli.progress import Progress
    from eyeful.evaluation.rows import is_rows
    from eyeful.evaluation.run import evaluate as run_evaluate
    from eyeful.runs import SignalHandler

    with ExitStack() as stack:
        others: dict[str, Any] = {"against": asked.against}
        with loading(groups[0].model, quiet=folder.quiet):
            classifier = stack.enter_context(_open(server, groups, int8_images))
            if asked.against is not None and not is_rows(asked.against):
                others["against"] = stack.enter_context(
                    _open(server, _of_other(asked.against, *groups), int8_images)
                )
        again = [] if isinstance(others["against"], str | None) else inputs
        beyond = [asked.outsiders] if asked.outsiders is not None else []
        counted = Progress([*inputs, *again, *beyond], keywords(search))
        stack.enter_context(_told_how_to_resume(folder))
        progress = None if folder.quiet else stack.enter_context(counted)
        return run_evaluate(
            classifier,
            inputs,
            truth=asked.truth,
            **others,
            outsiders=asked.outsiders,
            output=folder.output,
            resume=folder.resume,
            overwrite=folder.overwrite,
            **keywords(search),
            on_rows=(lambda _: None) if progress is None else progress.advance,
            stop=stack.enter_context(SignalHandler(reads_stdin="-" in inputs)),
            journal=supervise.journal,
        )


def _open(server: ServerOptions, groups: tuple[Any, ...], int8_images: Callable[[], dict[str, Any]]) -> Any:
    """The classifier, here or a server's; a context manager."""
    if server.server is not None:
        return server.open(*groups)
    return load_classifier(*groups, **int8_images())


def _of_other(model: str, *groups: Any) -> tuple[Any, ...]:
    """The flags for another model: what belongs to the first one's weights is not for it."""
    own = {"model": model} | dict.fromkeys(("checkpoint", "labels", "calibration"))
    return tuple(replace(one, **{name: own[name] for name in own.keys() & keywords(one)}) for one in groups)


@contextmanager
def _told_how_to_resume(folder: FolderOptions) -> Iterator[None]:
    """Say, whatever ends a run early, that nothing is lost."""
    try:
        yield
    except (StoppedError, *LATE):
        if folder.output is not None:
            print_status(
                f"the rows so far are in {folder.output}; the same command with --resume goes on from there"
            )
        raise


def _show(found: Evaluation | Verdicts, as_json: options.JsonOptions, folder: FolderOptions, *before: str) -> None:
    if as_json.as_json:
        print(json.dumps(found.to_dict(), indent=1, ensure_ascii=False))
    elif not folder.quiet:
        for sentence in (*before, *found.summary()):
            print(wrapped(printable(sentence)))
    if folder.output is not None and not folder.quiet:
        print_status(f"wrote {folder.output}: rows.jsonl, evaluation.json, report.html")


def _exit_code(found: Evaluation | Verdicts, min_top1: float | None) -> int:
    """1 where images could not be classified, or too few answers are right."""
    missed = min_top1 is not None and (found.top1.share or 0) < min_top1
    return 1 if missed or getattr(found, "errors", None) else 0
