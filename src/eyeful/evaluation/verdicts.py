"""What a person said of a random sample of answers: `verdicts.csv`, as the review page saves it."""

from __future__ import annotations

import binascii
import csv
import math
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from eyeful.errors import UsageError
from eyeful.evaluation.confusions import FEWEST, ClassShare
from eyeful.evaluation.metrics import (
    FEWEST_FOR_CURVES,
    Answered,
    Bin,
    Share,
    TopK,
    bins_of,
    ece_of,
    risk_coverage_of,
    share_of,
)
from eyeful.evaluation.result import plain
from eyeful.evaluation.summary import SHOWN, belief_sentences, right_sentences, threshold_sentences, worst_of
from eyeful.filenames import original_name, portable_name, printable
from eyeful.sinks.csv import text_of
from eyeful.sinks.review import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

    from numpy.typing import NDArray

Said = Literal["yes", "no", "unsure", ""]
"""Whether an answer is right; unsure: the person cannot say; empty: not judged."""
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer, and what a person said of it.

    Attributes:
        filename: the image's identity.
        label, wnid, index: the best label.
        prob: of what was asked about: of the group where there is one, else of the label; 0 to 1.
        group: the name of the group that was asked about; None where it was the label.
        said: the verdict.
    """

    filename: str
    label: str
    wnid: str | None
    index: int
    prob: float
    group: str | None
    said: Said

    @property
    def answer(self) -> str:
        """What was asked about."""
        return self.group or self.label


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How good a model's answers are, as a person judged a random sample of them.

    Attributes:
        model: its title.
        made: when the sample was drawn, in ISO 8601.
        verdicts: all of the sample, also those that are not judged.
    """

    model: str
    made: str
    verdicts: tuple[Verdict, ...]

    @property
    def judged(self) -> tuple[Verdict, ...]:
        """Those that are said to be right or wrong."""
        return tuple(one for one in self.verdicts if one.said in {"yes", "no"})

    @property
    def top1(self) -> Share:
        """How many answers are right, of those judged."""
        said = self._counts
        return share_of(said["yes"], said["yes"] + said["no"])

    @property
    def labels(self) -> tuple[ClassShare, ...]:
        """Each answer that was judged 5 times or more; that which is most often wrong first."""
        of = Counter(one.answer for one in self.judged)
        right = Counter(one.answer for one in self.judged if one.said == "yes")
        wnids = {one.answer: one.wnid for one in self.judged if one.group is None}
        found = [
            ClassShare(name, wnids.get(name), n, share_of(right[name], n)) for name, n in of.items() if n >= FEWEST
        ]
        return tuple(sorted(found, key=lambda one: (one.top1.share, -one.images, one.label)))

    @property
    def bins(self) -> tuple[Bin, ...]:
        """The reliability diagram; empty of fewer than 30 judged answers."""
        return bins_of(*self._arrays) if len(self.judged) >= FEWEST_FOR_CURVES else ()

    @property
    def risk_coverage(self) -> tuple[Answered, ...]:
        """What answering only when sure would give; empty of fewer than 30 judged answers."""
        return risk_coverage_of(*self._arrays) if len(self.judged) >= FEWEST_FOR_CURVES else ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, numbers to seven digits, under the names that an `Evaluation` has for the same."""
        said = self._counts
        found = {
            "format": FORMAT,
            "model": self.model,
            "made": self.made,
            "truth": "verdicts",
            "images": len(self.verdicts),
            "scored": len(self.judged),
            "unsure": said["unsure"],
            "unjudged": said[""],
            "top1": asdict(self.top1),
            "ece": ece_of(self.bins),
            "bins": [asdict(one) for one in self.bins],
            "risk_coverage": [asdict(one) for one in self.risk_coverage],
            "labels": [asdict(one) for one in self.labels],
            "wrong": [
                {"filename": portable_name(one.filename)[0], "answer": one.answer, "prob": one.prob}
                for one in self._wrong
            ],
        }
        return dict(plain(found))

    def summary(self) -> list[str]:
        """Plain sentences, the most important first."""
        said, top1 = self._counts, self.top1
        if not top1.of:
            return [f"None of the {len(self.verdicts)} answers is judged yet."]
        sentences = [
            *right_sentences(top1, TopK(1, **asdict(top1))),
            *belief_sentences(self.bins, top1, None, None)[:1],
            *(threshold_sentences(self.risk_coverage) if self.risk_coverage else []),
        ]
        if worst := worst_of(self.labels):
            sentences.append(f"Most often wrong: {printable(worst)}.")
        if self._wrong:
            named = ", ".join(
                f"{printable(one.answer)} ({printable(one.filename)})" for one in self._wrong[:SHOWN]
            )
            sentences.append(f"The surest of the wrong answers: {named}.")
        rest = [f"{said['unsure']} that nobody can say"] * bool(said["unsure"])
        rest += [f"{said['']} not judged yet"] * bool(said[""])
        return [*sentences, *([f"Not counted: {', '.join(rest)}."] if rest else [])]

    def __str__(self) -> str:
        return "\n".join(self.summary())

    @property
    def _counts(self) -> Counter[Said]:
        return Counter(one.said for one in self.verdicts)

    @property
    def _arrays(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        judged = self.judged
        return np.array([one.prob for one in judged]), np.array([one.said == "yes" for one in judged])

    @property
    def _wrong(self) -> list[Verdict]:
        """The surest first."""
        return sorted((one for one in self.verdicts if one.said == "no"), key=lambda one: -one.prob)


def evaluate_verdicts(path: Path) -> Verdicts:
    """Read a verdicts.csv; a spreadsheet may have saved it anew.

    Raises:
        UsageError: it cannot be read, or is none; the text names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _verdicts_of(path, _rows_of(path, file))
    except OSError as error:
        raise UsageError(f"the verdicts {path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is no verdicts.csv: it is no UTF-8 text in CSV") from error


def _rows_of(path: Path, file: IO[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row with the number of the line that it ends on."""
    header = file.readline()
    file.seek(0)
    reader = csv.reader(file, delimiter=";" if header.count(";") > header.count(",") else ",", strict=True)
    columns = next(reader, [])
    if missing := [name for name in COLUMNS if name not in columns]:
        raise UsageError(f"{path} is no verdicts.csv: it has no column {missing[0]}")
    for cells in reader:
        if not any(cells):
            continue
        if len(cells) != len(columns):
            raise UsageError(f"{path}, line {reader.line_num}: {len(cells)} cells where {len(columns)} belong")
        yield reader.line_num, dict(zip(columns, map(text_of, cells), strict=True))


def _verdicts_of(path: Path, rows: Iterator[tuple[int, dict[str, str]]]) -> Verdicts:
    found: list[Verdict] = []
    sources: dict[tuple[str, str], int] = {}
    for line, row in rows:
        try:
            found.append(_verdict_of(row))
        except ValueError as error:
            raise UsageError(f"{path}, line {line}: {error}") from error
        sources.setdefault((row["model"], row["made"]), line)
    if not found:
        raise UsageError(f"{path} holds no row: save it from the page of predict --report FILE.html --review N")
    if len(sources) > 1:
        raise UsageError(f"{path} mixes two samples, from line {[*sources.values()][1]} on: one file for each")
    model, made = next(iter(sources))
    return Verdicts(model, made, tuple(found))


def _verdict_of(row: dict[str, str]) -> Verdict:
    said = row["verdict"].strip().lower()
    if said not in get_args(Said):
        raise ValueError(f"the verdict {printable(row['verdict'])!r} is not yes, no, unsure or empty")
    return Verdict(
        filename=_filename_of(row["filename"], row["filename_b64"]),
        label=row["label"],
        wnid=row["wnid"] or None,
        index=_index_of(row["index"]),
        prob=_prob_of(row["prob"]),
        group=row["group"] or None,
        said=said,  # type: ignore[arg-type]
    )


def _filename_of(portable: str, encoded: str) -> str:
    try:
        return original_name(portable, encoded)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(f"filename_b64 {printable(encoded)!r} is no base64") from error


def _index_of(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"the index {printable(text)!r} is no number")
    return int(text)


def _prob_of(text: str) -> float:
    try:
        prob = float(text)
    except ValueError:
        prob = math.nan
    if not 0 <= prob <= 1:
        raise ValueError(f"prob {printable(text)!r} is no number from 0 to 1")
    return prob
