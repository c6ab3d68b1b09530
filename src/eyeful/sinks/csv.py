"""CSV: the same columns as a JSON line; `top` and `warnings` are JSON in one cell."""

import csv
import json
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from eyeful.sinks.base import row_of
from eyeful.sinks.jsonl import open_text
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
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class CsvSink:
    """Writes each row as it comes.

    Args:
        path: the file to create.
    """

    wants_thumbnails = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str]

    def __enter__(self) -> Self:
        self._file = open_text(self._path)
        self._writer = csv.DictWriter(self._file, COLUMNS, restval="", lineterminator="\n")
        self._writer.writeheader()
        return self

    def append(self, prediction: Prediction) -> None:
        """Write one line; it is in the system's hands when this returns."""
        self._writer.writerow({name: _cell(value) for name, value in row_of(prediction).items()})
        self._file.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def _cell(value: Any) -> Any:
    """A value as a spreadsheet may read it: no text begins a formula, lists are JSON, booleans are lower case."""
    if isinstance(value, list | bool):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return "" if value is None else value
