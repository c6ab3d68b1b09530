"""What every sink is, and how one prediction becomes a row."""

import base64
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from eyeful.types import Prediction, Score


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
    """What a resumed run must know of a row that is there already."""

    filename: str
    error_kind: str | None
    abstained: bool


class RowSink(Sink, Protocol):
    """A sink whose file holds every row, so that a run can be resumed from it.

    Attributes:
        rows_in_hand: how many rows it may hold that are not on disk yet.
    """

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


def row_of(prediction: Prediction) -> dict[str, Any]:
    """A prediction as plain JSON values, the same names in every format.

    A file name that is not valid UTF-8 is written with backslash escapes, plus `filename_b64` with its bytes.
    """
    best = prediction.top[0] if prediction.top else None
    filename, encoded = portable_name(prediction.filename)
    row: dict[str, Any] = {"filename": filename}
    if encoded:
        row["filename_b64"] = encoded
    row |= {"status": prediction.status}
    row |= score_values(best) if best else dict.fromkeys(Score.__slots__)
    row |= {
        "abstained": prediction.abstained,
        "top": [score_values(score) for score in prediction.top],
        "warnings": list(prediction.warnings),
        "error_kind": prediction.error_kind,
        "error": prediction.error,
    }
    return row


def score_values(score: Score) -> dict[str, Any]:
    """A score as plain JSON values; numbers to seven digits, which is what float32 holds."""
    return {
        "index": score.index,
        "wnid": score.wnid,
        "label": score.label,
        "prob": float(f"{score.prob:.7g}"),
        "logit": float(f"{score.logit:.7g}"),
    }


def portable_name(filename: str) -> tuple[str, str | None]:
    """A file name that is valid UTF-8, and its bytes in base64 where it was not."""
    try:
        filename.encode()
    except UnicodeEncodeError:
        raw = os.fsencode(filename)
        return raw.decode("utf-8", "backslashreplace"), base64.b64encode(raw).decode("ascii")
    return filename, None


def original_name(portable: str, encoded: str | None) -> str:
    """The file name that `portable_name` was given."""
    return os.fsdecode(base64.b64decode(encoded)) if encoded else portable


def holds_something(path: Path) -> bool:
    """Whether a text file is an output already; an empty one is none."""
    return path.exists() and path.stat().st_size > 0


def printable(text: str) -> str:
    """Text that cannot move a terminal's cursor or hide its direction: control characters are escaped."""
    portable, _ = portable_name(text)
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in portable)
