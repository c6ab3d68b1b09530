"""The summary of a run: so many inputs = so many predicted + so many errors + so many other files ignored."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from eyeful.journal import Journal
from eyeful.pipeline import StageTimer, SupportsStream, advice
from eyeful.types import NONE_OF_THESE
from eyeful.wording import rate

_SHORTEST = 1.0
"""Seconds of a run whose speed means something."""


@dataclass(slots=True)
class RunSummary:
    """Counts of one run.

    Attributes:
        inputs: all of them, whatever became of them.
        predicted: rows with an answer, the unsure ones among them.
        abstained: answers that are guesses: below `min_prob`, or no group holds enough.
        grouped: answers that are a group of several labels.
        none_of_these: answers that are none of the labels that a model was taught.
        errors: rows without an answer, by kind.
        ignored: other files met in folders, by extension; no inputs.
        resumed: rows among these that an earlier run wrote.
        seconds: wall time, of the last run where it was resumed.
        timer: what the time was spent waiting for.
    """

    inputs: int = 0
    predicted: int = 0
    abstained: int = 0
    grouped: int = 0
    none_of_these: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    resumed: int = 0
    seconds: float = 0.0
    timer: StageTimer = field(default_factory=StageTimer)

    def add(
        self,
        error_kind: str | None,
        *,
        abstained: bool = False,
        grouped: bool = False,
        none_of_these: bool = False,
    ) -> None:
        """Count one row."""
        if error_kind is None:
            self.predicted += 1
            self.abstained += abstained
            self.grouped += grouped
            self.none_of_these += none_of_these
        else:
            self.errors[error_kind] += 1

    def add_part(self, counts: dict[str, Any]) -> None:
        """Count the inputs and rows of a part.

        Args:
            counts: what the part says of itself; see `shards.part_counts`.
        """
        errors = Counter(counts["errors"])
        self.inputs += counts["rows"]
        self.predicted += counts["rows"] - errors.total()
        self.abstained += counts["abstained"]
        self.grouped += counts.get("grouped", 0)
        self.none_of_these += counts.get("none_of_these", 0)
        self.errors.update(errors)
        self.ignored.update(counts["ignored"])

    def save(self, journal: Journal) -> None:
        """Write into a journal what every output has now."""
        journal.save(self.predicted, self.abstained, self.grouped, self.none_of_these, self.errors)

    def restore(self, journal: Journal) -> None:
        """Begin with what a journal says; these rows are not made again."""
        self.inputs = self.resumed = journal["rows"]
        self.predicted, self.abstained = journal["predicted"], journal["abstained"]
        self.grouped, self.none_of_these = journal["grouped"], journal["none_of_these"]
        self.errors.update(journal.errors)

    @property
    def rows(self) -> int:
        """Rows written."""
        return self.predicted + self.errors.total()

    @property
    def was_complete(self) -> bool:
        """Whether an earlier run had written every row."""
        return 0 < self.resumed == self.rows

    def __str__(self) -> str:
        groups = "group" if self.grouped == 1 else "groups"
        kinds = {groups: self.grouped, NONE_OF_THESE: self.none_of_these, "unsure": self.abstained}
        return self.said("predicted", [f"{number} {kind}" for kind, number in kinds.items() if number])

    def said(self, done: str, kinds: Sequence[str] = ()) -> str:
        """The counts in one line.

        Args:
            done: what became of images without an error.
            kinds: how many of these are of some kinds.
        """
        text = f"{_counted(self.inputs, 'input')} = {self.predicted} {done}"
        if kinds:
            text += f" ({', '.join(kinds)})"
        text += f" + {_counted(self.errors.total(), 'error')}{_kinds(self.errors)}"
        if not self.ignored:
            return text
        return text + f"; {_counted(self.ignored.total(), 'other file')} ignored{_kinds(self.ignored)}"

    def speed(self, classifier: SupportsStream, startup: float = 0.0) -> str:
        """How fast it was, what the bottleneck was, and what would move it, in one line; empty for a short run.

        Args:
            classifier: what ran.
            startup: seconds before the first image.
        """
        new = self.rows - self.resumed
        before = f"{self.resumed} rows were there" if self.resumed else ""
        if self.seconds < _SHORTEST or not self.predicted or self.was_complete:
            return before
        speed = f"{before}{'; ' if before else ''}{rate(new / self.seconds)} images/s in {self.seconds:.1f} s"
        if startup > self.seconds:
            return f"{speed}; starting took {startup:.1f} s, so more images in one run would cost less each"
        return f"{speed}; the bottleneck is {advice(self.timer.longest, classifier)}"

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, for the run's record."""
        return {
            "inputs": self.inputs,
            "predicted": self.predicted,
            "abstained": self.abstained,
            **({"grouped": self.grouped} if self.grouped else {}),
            **({"none_of_these": self.none_of_these} if self.none_of_these else {}),
            "errors": dict(self.errors),
            "ignored": dict(self.ignored),
            "resumed": self.resumed,
            "seconds": round(self.seconds, 3),
        }


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _kinds(counter: Counter[str]) -> str:
    """The most frequent first; equal ones by name, since parts of a run end in any order."""
    ordered = sorted(counter.items(), key=lambda one: (-one[1], one[0]))[:6]
    return f" ({', '.join(f'{kind} {number}' for kind, number in ordered)})" if counter else ""
