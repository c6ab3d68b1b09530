"""`eyeful.evaluate`: how good a model is on images whose labels are known."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eyeful.bundle.files import write_atomically
from eyeful.errors import OutputError, UsageError
from eyeful.evaluation.inputs import Inputs
from eyeful.evaluation.judge import Judge
from eyeful.evaluation.judging import judging
from eyeful.evaluation.label_names import LabelNames
from eyeful.evaluation.labels import labels_of, labels_of_rows
from eyeful.evaluation.report import write_report
from eyeful.evaluation.result import Evaluation, evaluation_of
from eyeful.evaluation.rows import is_rows, read_rows, record_of_rows
from eyeful.evaluation.truth import Truth, truth_of
from eyeful.evaluation.truth_file import holds_labels
from eyeful.filenames import printable
from eyeful.runs import Output, run
from eyeful.sources.listing import item_of_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType
    from typing import Self

    from eyeful.evaluation.judged import Judged
    from eyeful.journal import Journal
    from eyeful.pipeline import SupportsStream
    from eyeful.runs import RunSummary, SignalHandler
    from eyeful.types import Item, Labels, Prediction

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
    recursive: bool = True,
    column: str | None = None,
    every: str | float | None = None,
    on_rows: Callable[[int], None] = lambda _: None,
    stop: SignalHandler | None = None,
    journal: Journal | None = None,
) -> Evaluation:
    """Find out how good a model is on images whose right labels are known.

        eyeful.evaluate(eyeful.load("resnet18"), "photos/").top1.share

    Images without a right label are named and not scored; errors are counted and not scored.

    Args:
        model: a classifier; or a file or folder of rows that one has made: nothing is classified then.
        images: what to classify, as for `Classifier.stream`; None with rows.
        truth: what is right: "folders": the name of an image's folder is a WordNet id, a label, a synonym or a
            WordNet group ("dog" is right for any dog); "names": so is the image's own name; "auto": folders if these
            are called so, else names; or a .csv or .jsonl file with the columns filename and label.
        against: another classifier, or its rows, for the same images.
        outsiders: images of which no label is right, as `images`; or, with rows, rows of such images.
        sure: the share of the probability that a WordNet group must hold to be an answer, 0.5 to 1; None: no groups.
        labels: of the model that made the rows; None: they are found by the name that the rows say.
        output: a folder for the rows, evaluation.json and report.html; None: nothing is written.
        resume: go on with what is there.
        overwrite: replace what is there.
        recursive: search folders in folders.
        column: of lists, the one that holds the images.
        every: of videos, the time from frame to frame.
        on_rows: called with the number of new rows, for progress.
        stop: when a signal came, nothing more is begun.
        journal: is told of every row.

    Raises:
        UsageError: no image has a right label; an argument is none; there is an output already.
        OutputError: the output cannot be written.
        EngineError: the engine failed.
        StoppedError: a signal came; with an output, the same with `resume` goes on.
    """
    search = {"recursive": recursive, "column": column, "every": every}
    asked = _Asked(str(truth), sure, output, resume, overwrite, search, on_rows, stop, journal)
    with asked:
        return _evaluated(asked, model, images, against, outsiders, labels)


@dataclass(frozen=True, slots=True)
class _Answers:
    """A model's answers to images, and how to judge them."""

    title: str
    provenance: dict[str, Any]
    labels: Labels
    judge: Judge
    truth: Truth
    rows: Iterable[Prediction]
    summary: RunSummary | None = None

    def judged(self) -> Iterator[Judged]:
        return self.judge.judged(self.rows)


class _NoTruth:
    """Of outsiders no label is right."""

    how = "none"

    def right(self, _: str) -> tuple[int, ...]:
        return ()

    def named(self, _: str) -> str:
        return ""
