"""CSV: the same columns as a JSON line; `top` and `warnings` are JSON in one cell."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

from eyeful.errors import OutputError
from eyeful.filenames import original_name
from eyeful.sinks.base import ExistingRow, cut_last_line, holds_something, open_text
from eyeful.types import Prediction

COLUMNS = (
    "filename",
    "status",
    "index",
    "wnid",
    "label",
    "prob",
    "logit",
    "abstained",
    "top",
    "warnings",
    "error_kind",
    "error",
    "filename_b64",
)
_LARGEST_CELL = 1 << 30
"""Characters: the csv module's own limit is less than the `top` of many labels takes."""
_ESCAPED = ("=", "+", "-", "@", "\t", "\r", "'")
"""What a spreadsheet takes for a formula when a cell begins with it; and the mark that says it is none."""


class CsvSink:
    """Writes each row as it comes.

    Args:
        path: the file.
        resume: go on behind the rows that it holds.
        record: what determined the answers; has no place in this format.
    """

    suffix = ".csv"
    writes_folder = False
    wants_thumbnails = False
    rows_in_hand = 0

    def __init__(self, path: Path, *, resume: bool = False, record: dict[str, Any] | None = None) -> None:
        del record
        self._path = path
        self._mode = "a" if resume else "w"
        self._file: IO[str]

    @staticmethod
    def exists(path: Path) -> bool:
        """Whether there is an output already."""
        return holds_something(path)

    @staticmethod
    def written(path: Path) -> Iterator[ExistingRow]:
        """The rows that a file holds, after a last row that was cut off is removed.

        Raises:
            OutputError: it is not such a file.
        """
        cut_last_line(path, quoted=True)
        csv.field_size_limit(_LARGEST_CELL)
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            if rows.fieldnames not in (None, list(COLUMNS)):
                raise OutputError(f"{path} has other columns than ours: --overwrite starts anew")
            for row in rows:
                name = original_name(_text(row["filename"]), row["filename_b64"])
                yield ExistingRow(name, row["error_kind"] or None, row["abstained"] == "true")

    def __enter__(self) -> Self:
        self._file = open_text(self._path, self._mode)
        self._begun = self._path.stat().st_size > 0
        return self

    def append(self, prediction: Prediction) -> None:
        """Write one line; it is in the system's hands when this returns."""
        row = {name: _cell(value) for name, value in prediction.to_dict().items()}
        # the csv module leaves a carriage return bare, which its own reader then takes for the end of a row
        bare = any("\r" in str(cell) for cell in row.values())
        quoting: Literal[0, 1] = csv.QUOTE_ALL if bare else csv.QUOTE_MINIMAL
        writer = csv.DictWriter(self._file, COLUMNS, restval="", lineterminator="\n", quoting=quoting)
        if not self._begun:
            writer.writeheader()
            self._begun = True
        writer.writerow(row)
        self._file.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def _cell(value: Any) -> Any:
    """A value as a spreadsheet may read it: no text begins a formula, lists are JSON, booleans are lower case."""
    if isinstance(value, list | bool):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_ESCAPED):
        return "'" + value
    return "" if value is None else value


def _text(cell: str) -> str:
    """The text that `_cell` wrote."""
    return cell.removeprefix("'")
