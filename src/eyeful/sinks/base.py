"""What every sink is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol, Self

from eyeful.errors import OutputError
from eyeful.sinks.fields import EXTRA_FIELDS
from eyeful.types import NONE_OF_THESE, Prediction


class Sink(Protocol):
    """Somewhere that predictions go.

    Attributes:
        wants_thumbnails: predictions shall carry a small image.
    """

    wants_thumbnails: bool

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def append(self, prediction: Prediction) -> None:
        """Take one prediction, in input order."""
        ...


@dataclass(frozen=True, slots=True)
class ExistingRow:
    """What a resumed run must know of a row that is there already.

    Attributes:
        filename: the identity.
        error_kind: None for an answer.
        abstained: the answer is a guess: below `min_prob`, or no group holds enough.
        grouped: the answer is a group of several labels.
        none_of_these: the answer is none of the labels that a model was taught.
    """

    filename: str
    error_kind: str | None
    abstained: bool
    grouped: bool = False
    none_of_these: bool = False

    @classmethod
    def of(cls, filename: str, row: Mapping[str, Any], *, sure: bool) -> Self:
        """What a row says.

        Args:
            filename: the identity, as it was.
            row: its values as JSON has them.
            sure: whether a group was asked for.
        """
        kind, group = row["error_kind"], row.get("group")
        grouped = group is not None and group["labels"] > 1
        unsure = kind is None and not grouped and (row["abstained"] or (sure and group is None))
        return cls(filename, kind, unsure, grouped, row["label"] == NONE_OF_THESE)


class RowSink(Sink, Protocol):
    """A sink whose file holds every row, so that a run can be resumed from it. Registered under `eyeful.sinks`.

    Attributes:
        suffix: the ending of its files' names, in lower case: ".jsonl".
        rows_in_hand: how many rows it may hold that are not on disk yet.
    """

    suffix: str
    rows_in_hand: int

    def __init__(self, path: Path, *, resume: bool = False, record: dict[str, Any] | None = None) -> None: ...

    @staticmethod
    def exists(path: Path) -> bool:
        """Whether there is an output already."""
        ...

    @staticmethod
    def written(path: Path) -> Iterator[ExistingRow]:
        """The rows that an output holds, in order; what a crash left of a last one is removed first."""
        ...


EXTRA_COLUMNS = tuple(one.name for one in EXTRA_FIELDS)
"""What only some rows have, in the order of a row."""


def holds_something(path: Path) -> bool:
    """Whether a text file is an output already; an empty one is none."""
    return path.exists() and path.stat().st_size > 0


def open_text(path: Path, mode: str) -> IO[str]:
    """Open a text file for rows; its folder is made where it is missing.

    Raises:
        OutputError: it cannot be opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open(mode, encoding="utf-8", newline="")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error


def cut_last_line(path: Path, *, quoted: bool) -> None:
    """Remove what follows the last whole line: what a killed run or a full disk left of a row.

    Args:
        path: the file.
        quoted: a line break between quotation marks ends no line, as in CSV.
    """
    whole = position = 0
    inside = False
    with path.open("rb+") as file:
        for line in file:
            position += len(line)
            inside ^= quoted and line.count(b'"') % 2 == 1
            if line.endswith(b"\n") and not inside:
                whole = position
        if whole < position:
            file.truncate(whole)
