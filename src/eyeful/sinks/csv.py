"""CSV: the same columns as a JSON line; lists and objects, as `top` and `group`, are JSON in one cell.

What only some rows have stands in the header once a row has it: rows that were written before are then
written anew.
"""

import csv
import json
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

from eyeful.bundle.files import replace_file
from eyeful.errors import OutputError
from eyeful.filenames import original_name
from eyeful.sinks.base import EXTRA_COLUMNS, ExistingRow, cut_last_line, holds_something, open_text
from eyeful.sinks.fields import ROW_FIELDS
from eyeful.types import Prediction

COLUMNS = tuple(one.name for one in ROW_FIELDS)
LARGEST_CELL = 1 << 30
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
    wants_thumbnails = False
    rows_in_hand = 0

    def __init__(self, path: Path, *, resume: bool = False, record: dict[str, Any] | None = None) -> None:
        del record
        self._path = path
        self._mode = "a" if resume else "w"
        self._file: IO[str]
        self._columns: tuple[str, ...] = COLUMNS

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
        csv.field_size_limit(LARGEST_CELL)
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            if rows.fieldnames is not None and tuple(rows.fieldnames) != _header(rows.fieldnames):
                raise OutputError(f"{path} has other columns than ours: --overwrite starts anew")
            for row in rows:
                name = original_name(text_of(row["filename"]), row["filename_b64"])
                read = {
                    "error_kind": row["error_kind"] or None,
                    "label": row["label"],
                    "abstained": row["abstained"] == "true",
                    "group": json.loads(row.get("group") or "null"),
                }
                yield ExistingRow.of(name, read, sure="group" in row)

    def __enter__(self) -> Self:
        self._file = open_text(self._path, self._mode)
        self._begun = self._path.stat().st_size > 0
        if self._begun:
            self._columns = _header(_header_of(self._path))
        return self

    def append(self, prediction: Prediction) -> None:
        """Write one line; it is in the system's hands when this returns."""
        row = {name: cell_of(value) for name, value in prediction.to_dict().items()}
        if not row.keys() <= {*self._columns}:
            self._widen(_header([*row, *self._columns]))
        if not self._begun:
            _write(self._file, self._columns)
            self._begun = True
        _write(self._file, [row.get(name, "") for name in self._columns])
        self._file.flush()

    def _widen(self, columns: tuple[str, ...]) -> None:
        """Give the rows so far the columns that they had no need of."""
        before, self._columns = self._columns, columns
        if not self._begun:
            return
        self._file.close()
        csv.field_size_limit(LARGEST_CELL)
        wide = self._path.with_name(f".{self._path.name}.tmp")
        try:
            with self._path.open(encoding="utf-8", newline="") as narrow, open_text(wide, "w") as file:
                _write(file, columns)
                for cells in islice(csv.reader(narrow), 1, None):
                    row = dict(zip(before, cells, strict=True))
                    _write(file, [row.get(name, "") for name in columns])
            replace_file(wide, self._path)
        finally:
            wide.unlink(missing_ok=True)
            self._file = open_text(self._path, "a")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def _write(file: IO[str], cells: Sequence[object]) -> None:
    # the csv module leaves a carriage return bare, which its own reader then takes for the end of a row
    bare = any("\r" in str(cell) for cell in cells)
    quoting: Literal[0, 1] = csv.QUOTE_ALL if bare else csv.QUOTE_MINIMAL
    csv.writer(file, lineterminator="\n", quoting=quoting).writerow(cells)


def _header(names: Collection[str]) -> tuple[str, ...]:
    """The columns of a file that has these among them."""
    return (*COLUMNS, *(name for name in EXTRA_COLUMNS if name in names))


def _header_of(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file), [])


def cell_of(value: Any) -> Any:
    """A value as a spreadsheet may read it: no text begins a formula, lists are JSON, booleans are lower case."""
    if isinstance(value, list | bool | dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_ESCAPED):
        return "'" + value
    return "" if value is None else value


def text_of(cell: str) -> str:
    """The text that `cell_of` wrote."""
    return cell.removeprefix("'")
