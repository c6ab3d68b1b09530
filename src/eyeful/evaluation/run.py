"""`eyeful.evaluate`: how good a model is on images whose labels are known."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from eyeful.bundle.files import write_output
from eyeful.errors import OutputError, UsageError
from eyeful.evaluation.answers import Answers, Classifying, answers_in_rows
from eyeful.evaluation.inputs import Inputs
from eyeful.evaluation.label_names import LabelNames
from eyeful.evaluation.report import write_report
from eyeful.evaluation.result import Evaluation, evaluation_of
from eyeful.runs import Output
from eyeful.sources.listing import item_of_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from eyeful.journal import Journal
    from eyeful.pipeline import SupportsStream
    from eyeful.runs import SignalHandler
    from eyeful.types import Item, Labels

ROWS, ROWS_AGAINST, ROWS_OUTSIDERS = "rows.jsonl", "rows-against.jsonl", "rows-outsiders.jsonl"
RESULT, REPORT = "evaluation.json", "report.html"
"""What an evaluation writes into its folder."""


def evaluate(
    model: SupportsStream | str | Path,
    images: Any = None,
    *,
    truth: str | Path = "auto",
    against: SupportsStream | str | Path | None = None,
    outsiders: Any = None,
    sure: float | None = None,
    labels: Labels | None = None,
    output: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    on_rows: Callable[[int], None] = lambda _: None,
    stop: SignalHandler | None = None,
    journal: Journal | None = None,
    **search: Any,
) -> Evaluation:
    """Find out how good a model is on images whose right labels are known.

        eyeful.evaluate(eyeful.load("resnet18"), "photos/").top1.share

    Images without a right label are named and not scored; errors are counted and not scored.

    Args:
        model: a classifier; or a file or folder of rows that one has made: nothing is classified then.
        images: what to classify, as for `Classifier.stream`; None with rows.
        truth: what is right. "folders": the name of an image's folder is a WordNet id, a label, a synonym or a
            WordNet group ("dog" is right for any dog); "names": so is the image's own; "auto": folders if they are
            called so, else names; or a .csv or .jsonl file with the columns filename and label.
        against: another classifier, or its rows, for the same images.
        outsiders: images of which no label is right, as `images`; or, with rows, rows of such images.
        sure: the share of the probability that a WordNet group must hold, 0.5 to 1; None: no groups.
        labels: of the model that made the rows; None: they are found by the name that the rows say.
        output: a folder for the rows, evaluation.json and report.html; None: nothing is written.
        resume: go on with what is there.
        overwrite: replace what is there.
        on_rows: called with the number of new rows, for progress.
        stop: when a signal came, nothing more is begun.
        journal: is told of every row.
        **search: how images are found: `recursive`, `column` and `every`, as for `Classifier.stream`.

    Raises:
        UsageError: no image has a right label; an argument is none; there is an output already.
        OutputError: the output cannot be written.
        EngineError: the engine failed.
        StoppedError: a signal came; with an output, the same with `resume` goes on.
    """
    if (images is None) != isinstance(model, str | Path):
        raise UsageError("evaluate takes a classifier and images, or rows without images")
    folder = None if output is None else Path(output)
    with ExitStack() as stack:
        names = [] if images is None else [ROWS, *_more_rows(against, outsiders)]
        outputs = {} if folder is None else _open(folder, names, stack, resume=resume, overwrite=overwrite)
        items: Callable[[], Iterable[Item]]
        if images is None:
            found, items = _of_rows(
                str(model), str(truth), against=against, outsiders=outsiders, labels=labels, sure=sure
            )
        else:
            inputs = Inputs(images, **search)
            beyond = None if outsiders is None else Inputs(outsiders, **search)
            classifying = Classifying(sure, on_rows, stop, journal)
            found = _of_images(
                cast("SupportsStream", model),
                inputs,
                str(truth),
                against=against,
                outsiders=beyond,
                classifying=classifying,
                outputs=outputs,
            )
            items = partial(_items, inputs)
        if folder is not None:
            _write(folder, found, items)
        return found


def _of_images(
    model: SupportsStream,
    inputs: Inputs,
    truth: str,
    *,
    against: SupportsStream | str | Path | None,
    outsiders: Inputs | None,
    classifying: Classifying,
    outputs: Mapping[str, Output],
) -> Evaluation:
    answers = classifying.answers(model, inputs, outputs.get(ROWS), truth)
    other = outside = None
    if isinstance(against, str | Path):
        other = answers_in_rows(str(against), answers.truth.how)
    elif against is not None:
        other = classifying.answers(against, inputs, outputs.get(ROWS_AGAINST), answers.truth.how)
    if outsiders is not None:
        outside = classifying.answers(model, outsiders, outputs.get(ROWS_OUTSIDERS), None)
    return _evaluation(answers, other, outside)


def _of_rows(
    name: str, truth: str, *, against: Any, outsiders: Any, labels: Labels | None, sure: float | None
) -> tuple[Evaluation, Callable[[], Iterable[Item]]]:
    """The evaluation of rows, and where their images are."""
    answers = answers_in_rows(name, truth, sure, labels)
    other = None if against is None else answers_in_rows(str(against), answers.truth.how)
    outside = None if outsiders is None else answers_in_rows(str(outsiders), None, labels=answers.labels)
    return _evaluation(answers, other, outside), partial(_items_of, answers)


def _evaluation(answers: Answers, other: Answers | None, outside: Answers | None) -> Evaluation:
    judge, hierarchy = answers.judge, answers.judge.hierarchy
    found = evaluation_of(
        answers.judged(),
        answers.labels,
        model=answers.model,
        provenance=answers.provenance,
        truth=answers.truth.how,
        names=judge.called,  # complete, as it is looked at, when all were judged
        sure=answers.sure,
        steps=None if hierarchy is None else hierarchy.steps,
        against=None if other is None else (other.model, other.judged()),
        outsiders=None if outside is None else outside.judged(),
        seconds=answers.seconds,
        images_per_second=answers.images_per_second,
    )
    return replace(found, unmatched=judge.unmatched(LabelNames(answers.labels)))


def _more_rows(against: Any, outsiders: Any) -> list[str]:
    """The names of files for the rows of another model, and of outsiders."""
    other = against is not None and not isinstance(against, str | Path)
    return [*([ROWS_AGAINST] if other else []), *([ROWS_OUTSIDERS] if outsiders is not None else [])]


def _open(
    folder: Path, names: Sequence[str], stack: ExitStack, *, resume: bool, overwrite: bool
) -> dict[str, Output]:
    """The files of rows, held until the stack is closed.

    Raises:
        UsageError: there is an evaluation already, and neither `resume` nor `overwrite` is asked for.
        OutputError: nothing can be written there.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"-o {folder} is a file: an evaluation is a folder")
    if (folder / RESULT).exists() and not (resume or overwrite):
        raise UsageError(
            f"{folder / RESULT} exists already: --resume goes on with its rows, --overwrite replaces it"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror}") from error
    outputs = {}
    for name in names:
        outputs[name] = Output(str(folder / name), resume=resume, overwrite=overwrite)
        stack.callback(outputs[name].close)
    return outputs


def _write(folder: Path, found: Evaluation, items: Callable[[], Iterable[Item]]) -> None:
    """`evaluation.json` and `report.html`.

    Raises:
        OutputError: they cannot be written.
    """
    result = found.to_dict()
    write_output(folder / RESULT, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    write_report(result, folder / REPORT, items())


def _items(inputs: Inputs) -> Iterable[Item]:
    return inputs.open().items


def _items_of(answers: Answers) -> Iterable[Item]:
    return (item_of_name(row.filename) for row in answers.rows())
