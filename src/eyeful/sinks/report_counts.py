"""What a report counts over every row of a run, in memory that does not grow with it."""

from __future__ import annotations

import re
from collections import Counter
from os.path import commonprefix

from eyeful.types import Prediction

BINS = 10
"""Equal parts of the range of probabilities, in the report's histogram."""


def bin_of(prob: float) -> int:
    """Which part of 0 to 1 a probability lies in, from 0; 1 itself belongs to the last."""
    return min(int(prob * BINS), BINS - 1)


def warning_code(warning: str) -> str:
    """`cropped_away` of `cropped_away:0.62`."""
    return warning.partition(":")[0]


class ReportCounts:
    """Counts of one run.

    Attributes:
        inputs: rows.
        predicted: rows with an answer, the unsure ones among them.
        sure: the share that a group had to hold; None where none was asked for.
        unsure: answers that are guesses: below `min_prob`, or no group holds enough.
        grouped: answers with a group of several labels.
        none_of_these: answers that are none of the labels that a model was taught.
        warned: rows with a warning.
        errors: rows without an answer, by kind.
        labels: rows by (index, name) of their best label.
        groups: rows by (WordNet id, name) of the group of several labels that is their answer.
        warnings: rows by code of a warning.
        bins: rows by their best probability, in ten equal parts of 0 to 1.
    """

    def __init__(self) -> None:
        self.inputs = self.predicted = self.unsure = self.grouped = self.none_of_these = self.warned = 0
        self.sure: float | None = None
        self.errors: Counter[str] = Counter()
        self.labels: Counter[tuple[int, str]] = Counter()
        self.groups: Counter[tuple[str, str]] = Counter()
        self.warnings: Counter[str] = Counter()
        self.bins = [0] * BINS
        self._prefix: str | None = None

    def add(self, prediction: Prediction) -> None:
        """Count one row."""
        self.inputs += 1
        if prediction.error_kind is not None:
            self.errors[prediction.error_kind] += 1
        else:
            best = prediction.top[0]
            self.predicted += 1
            self.unsure += prediction.unsure
            self.none_of_these += prediction.none_of_these
            self.sure = prediction.sure
            if (group := prediction.group) is not None and prediction.grouped:
                self.grouped += 1
                self.groups[group.wnid or group.name, group.name] += 1
            self.labels[best.index, best.label] += 1
            self.bins[bin_of(best.prob)] += 1
        if prediction.warnings:
            self.warned += 1
            self.warnings.update(map(warning_code, prediction.warnings))
        if self._prefix is None:
            self._prefix = prediction.filename
        elif not prediction.filename.startswith(self._prefix):
            self._prefix = commonprefix((self._prefix, prediction.filename))  # noqa: RUF071 - addresses too

    @property
    def prefix(self) -> str:
        """The folders that all file names begin with, up to their last separator; empty where there are none.

        A folder is one of a file system, an address or an archive; neither `/` nor `https://` is worth being said.
        """
        folders = re.match(r".*[/\\]", self._prefix or "", re.DOTALL)
        return folders[0] if folders and re.search(r"[^/\\][/\\]$", folders[0]) else ""
