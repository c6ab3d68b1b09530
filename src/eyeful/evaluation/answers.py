"""A model's answers to images, and how to judge them: made now, or read from rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from eyeful.evaluation.judge import Judge
from eyeful.evaluation.judging import judging
from eyeful.evaluation.labels import labels_of, labels_of_rows
from eyeful.evaluation.rows import read_rows, record_of_rows
from eyeful.evaluation.truth import Truth, truth_of
from eyeful.evaluation.truth_file import says_labels
from eyeful.predictor import check_range
from eyeful.results import hierarchy_for
from eyeful.runs import run

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from eyeful.evaluation.inputs import Inputs
    from eyeful.evaluation.judged import Judged
    from eyeful.journal import Journal
    from eyeful.pipeline import SupportsStream
    from eyeful.runs import Output, RunSummary, SignalHandler
    from eyeful.types import Labels, Prediction


@dataclass(frozen=True, slots=True)
class Answers:
    """A model's answers to images.

    Attributes:
        model: its title.
        provenance: what determines its answers; empty where rows do not say it.
        labels: its labels.
        sure: the share that groups had to hold; None without groups.
        truth: where the right labels are from.
        judge: knows them.
        rows: the answers; each call reads them from the first.
        summary: of the run that made them; None of rows that were there.
    """

    model: str
    provenance: dict[str, Any]
    labels: Labels
    sure: float | None
    truth: Truth
    judge: Judge
    rows: Callable[[], Iterable[Prediction]]
    summary: RunSummary | None = None

    def judged(self) -> Iterator[Judged]:
        """Each of them, judged."""
        return self.judge.judged(self.rows())

    @property
    def seconds(self) -> float | None:
        """How long making them took; None where not all were made now."""
        return None if self.summary is None or self.summary.resumed else self.summary.seconds or None

    @property
    def images_per_second(self) -> float | None:
        """How fast that was."""
        return self.summary.rows / self.seconds if self.summary is not None and self.seconds else None


@dataclass(frozen=True, slots=True)
class NoTruth:
    """Of outsiders, no label is right."""

    how: str = "none"

    def right(self, filename: str) -> tuple[int, ...]:
        """None."""
        del filename
        return ()

    def named(self, filename: str) -> str:
        """The image."""
        return filename


def truth_about(inputs: Inputs, how: str, labels: Labels) -> Truth:
    """What is right for each image; of a list that has a column of labels, without being told so, that.

    Raises:
        UsageError: see `truth_of`.
    """
    if how == "auto" and inputs.list is not None and says_labels(inputs.list):
        how = inputs.list
    return truth_of(how, labels, inputs.filenames(), inputs.roots)


@dataclass(frozen=True, slots=True)
class Classifying:
    """How answers are made.

    Args:
        sure: the share that a group must hold; None without groups.
        on_rows, stop, journal: as for `runs.run`.
    """

    sure: float | None
    on_rows: Callable[[int], None]
    stop: SignalHandler | None
    journal: Journal | None

    def answers(
        self, classifier: SupportsStream, inputs: Inputs, output: Output | None, how: str | None
    ) -> Answers:
        """The answers of a classifier.

        Args:
            classifier: what answers.
            inputs: what to.
            output: where rows go; None: they are held.
            how: what is right; None: no label is.

        Raises:
            UsageError: no image has a right label.
            EyefulError: as `runs.run`.
        """
        if self.sure is not None and classifier.spec.sure != self.sure and hasattr(classifier, "with_options"):
            classifier = classifier.with_options(sure=self.sure)
        labels, sure = labels_of(classifier), classifier.spec.sure if self.sure is None else self.sure
        _check_groups(sure, labels, classifier.provenance)
        truth: Truth = NoTruth() if how is None else truth_about(inputs, how, labels)
        judge = Judge(truth, labels, sure)
        held = _Held()
        summary = run(
            judging(classifier, judge, sure),
            inputs.open(),
            [held] if output is None else (),
            output=output,
            stop=self.stop,
            on_rows=self.on_rows,
            journal=self.journal,
        )
        rows = (lambda: held.rows) if output is None else (lambda: read_rows(str(output.path)))
        provenance = classifier.provenance
        return Answers(provenance["model"], provenance, labels, sure, truth, judge, rows, summary)


def answers_in_rows(
    name: str, how: str | None, sure: float | None = None, labels: Labels | None = None
) -> Answers:
    """The answers that rows hold.

    Args:
        name: a file or a folder of parts.
        how: what is right; None: no label is.
        sure: the share that groups must hold, if another than the rows' own; they must have all labels then.
        labels: of the model that made them; None: they are found by the name that the rows say.

    Raises:
        UsageError: they cannot be read, it is not known whose labels they have, they lack labels that groups need,
            or no image has a right label.
    """
    record = record_of_rows(name)
    provenance = record.get("provenance") or {}
    labels = labels or labels_of_rows(name, provenance)
    rows_sure = (record.get("reproducibility_keys") or {}).get("sure")
    truth: Truth = NoTruth()
    if how is not None:
        truth = truth_of(how, labels, (row.filename for row in read_rows(name)), [common_folder(name)])
    rows_sure = rows_sure if isinstance(rows_sure, float) else None
    again = sure not in (None, rows_sure)
    sure = rows_sure if sure is None else sure
    _check_groups(sure, labels, provenance)
    judge = Judge(truth, labels, sure, shares=provenance.get("activation") != "sigmoid")
    return Answers(
        str(provenance.get("model") or name),
        provenance,
        labels,
        sure,
        truth,
        judge,
        lambda: judge.regrouped(read_rows(name)) if again else read_rows(name),
    )


def _check_groups(sure: float | None, labels: Labels, provenance: dict[str, Any]) -> None:
    """See that there can be groups, if they are asked for.

    Raises:
        UsageError: there cannot, or the share is none.
    """
    if sure is not None:
        check_range("sure", sure)
        hierarchy_for(labels, provenance.get("activation", "softmax"))


def common_folder(rows: str) -> str:
    """The deepest folder that all images of rows lie under."""
    folders: list[str] | None = None
    for row in read_rows(rows):
        own = row.filename.split("/")[:-1]
        folders = own if folders is None else folders
        while folders != own[: len(folders)]:
            folders.pop()
    return "/".join(folders or [])


@dataclass(slots=True)
class _Held:
    """Rows in memory."""

    rows: list[Prediction] = field(default_factory=list)
    wants_thumbnails: bool = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def append(self, prediction: Prediction) -> None:
        """Take one, without what is large."""
        self.rows.append(replace(prediction.without_arrays(), item=None))
