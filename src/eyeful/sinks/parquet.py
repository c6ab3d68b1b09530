"""Parquet: rows in parts that are closed before they count, so that whatever is there can be read.

A Parquet file cannot be appended to. Rows gather in memory and are written as a part: under a temporary name,
synced, renamed. The parts lie in `FILE.parquet.parts/` and become one file when the run is complete. A folder of
parts that stay is `shards`' business.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from eyeful.bundle.files import replace_file, sync
from eyeful.errors import OutputError
from eyeful.extras import require
from eyeful.filenames import original_name
from eyeful.sinks.base import ExistingRow
from eyeful.sinks.fields import EXTRA_FIELDS, GROUP_FIELDS, ROW_FIELDS, SCORE_FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

    from eyeful.sinks.fields import Field, Kind
    from eyeful.types import Prediction

ROWS_IN_A_PART = 1000
"""What a crash costs at most, to be classified again."""
_NEEDED = ("filename", "filename_b64", "label", "error_kind", "abstained")
"""The columns that a run needs to go on behind the rows that are there."""


class ParquetSink:
    """Writes rows in parts.

    Args:
        path: a .parquet file.
        resume: go on behind the parts that are there.
        record: what determined the answers; becomes the metadata `eyeful`.
    """

    suffix = ".parquet"
    wants_thumbnails = False
    rows_in_hand = ROWS_IN_A_PART

    def __init__(self, path: Path, *, resume: bool = False, record: dict[str, Any] | None = None) -> None:
        self._arrow = require("pyarrow", "a Parquet file")
        require("pyarrow.parquet", "a Parquet file")
        self._path = path
        self._folder = _parts_of(path)
        self._resume = resume
        self._metadata = {"eyeful": json.dumps(record or {}, ensure_ascii=False)}
        self._schema = schema_of((), self._metadata)
        self._how: dict[str, Any] = {}
        self._rows: list[dict[str, Any]] = []

    @staticmethod
    def exists(path: Path) -> bool:
        """Whether there is an output already, whole or in parts."""
        return path.is_file() or any(_parts(path))

    @staticmethod
    def written(path: Path) -> Iterator[ExistingRow]:
        """The rows that an output holds.

        Raises:
            OutputError: a part cannot be read.
        """
        for row in written_values(path, (*_NEEDED, "group"), _NEEDED):
            name = original_name(row["filename"], row["filename_b64"])
            yield ExistingRow.of(name, row, sure="group" in row)

    def __enter__(self) -> Self:
        try:
            whole = self._path.is_file()
            if whole or not self._resume:  # beside the whole file, parts are what a crash left of joining them
                for part in _parts(self._path):
                    part.unlink()
            if whole and not self._resume:
                self._path.unlink()
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._path.is_file():  # it was complete; now more rows come
                self._path.rename(self._folder / _part_name(0))
            parts = _parts(self._path)
            self._next = len(parts)
            for part in parts[:1]:
                self._begin_with(self._arrow.parquet.read_schema(part).names)
        except OSError as error:
            raise OutputError(f"cannot write {self._folder}: {error.strerror}") from error
        return self

    def append(self, prediction: Prediction) -> None:
        """Take one row; every thousand are a part."""
        row = prediction.to_dict()
        if not row.keys() <= {*self._schema.names}:
            self._widen([*row, *self._schema.names])
        self._take(parquet_row(row))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_part()
        if kind is None:
            self._join()

    def _take(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        if len(self._rows) == ROWS_IN_A_PART:
            self._close_part()

    def _close_part(self) -> None:
        if not self._rows:
            return
        self._write(self._folder / _part_name(self._next), [self._table()])
        self._next += 1
        self._rows = []

    def _table(self) -> Any:
        """The rows in hand, as Arrow has them."""
        return self._arrow.Table.from_pylist(self._rows, self._schema)

    def _begin_with(self, names: Collection[str]) -> None:
        """Have the columns of the parts that are there."""
        self._schema = schema_of(names, self._metadata)

    def _widen(self, names: Collection[str]) -> None:
        """Give the parts so far the columns that they had no need of: all parts of a data set have one schema."""
        self._schema = schema_of(names, self._metadata)
        for part in _parts(self._path):
            self._write(part, [self._read(part)])

    def _join(self) -> None:
        """All parts in one file, one row group each; then the parts go."""
        self._write(self._path, map(self._read, _parts(self._path)))
        shutil.rmtree(self._folder)

    def _read(self, part: Path) -> Any:
        """A part's rows, with the columns that it had no need of; `read_table` leaves the file open a while."""
        with self._arrow.parquet.ParquetFile(part) as file:
            rows = file.read()
        return self._arrow.concat_tables([self._schema.empty_table(), rows], promote_options="default")

    def _write(self, path: Path, tables: Any) -> None:
        temporary = path.with_name(f".{path.name}.tmp")
        try:
            with self._arrow.parquet.ParquetWriter(temporary, self._schema, **self._how) as writer:
                for table in tables:
                    writer.write_table(table)
            sync(temporary)
            replace_file(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def written_values(path: Path, columns: Sequence[str], needed: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Some columns of the rows that an output holds, whole or in parts.

    Args:
        path: the output.
        columns: which, where it has them.
        needed: what every such output has.

    Raises:
        OutputError: a part cannot be read, or has not these columns.
    """
    parquet = require("pyarrow.parquet", "a Parquet file")
    for file in [path] if path.is_file() else _parts(path):
        try:
            with parquet.ParquetFile(file) as opened:
                there = opened.schema_arrow.names
                if missing := [name for name in needed if name not in there]:
                    raise KeyError(f"it has no column {missing[0]}")
                rows = opened.read(columns=[name for name in columns if name in there])
        except (OSError, ValueError, KeyError) as error:
            raise OutputError(f"{file} is no part of ours: --overwrite starts anew ({error})") from error
        yield from rows.to_pylist()


def parquet_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row's values as the schema has them: of a user's columns, what is no text becomes JSON."""
    if "columns" not in row:
        return row
    return row | {"columns": [(str(name), _text(value)) for name, value in row["columns"].items()]}


def schema_of(names: Collection[str], metadata: Mapping[Any, Any]) -> Any:
    """The Arrow schema of rows.

    Args:
        names: columns; of those that only some rows have, the schema has these.
        metadata: of the schema.
    """
    extra = [one for one in EXTRA_FIELDS if one.name in names]
    return require("pyarrow", "a Parquet file").schema(_arrow_fields((*ROW_FIELDS, *extra)), metadata)


def _arrow_fields(fields: Iterable[Field]) -> list[tuple[str, Any]]:
    """Names with Arrow's types."""
    arrow = require("pyarrow", "a Parquet file")
    types: dict[Kind, Callable[[], Any]] = {
        "text": arrow.string,
        "integer": arrow.int32,
        "number": arrow.float64,
        "boolean": arrow.bool_,
        "texts": lambda: arrow.list_(arrow.string()),
        "scores": lambda: arrow.list_(arrow.struct(_arrow_fields(SCORE_FIELDS))),
        "group": lambda: arrow.struct(_arrow_fields(GROUP_FIELDS)),
        "map": lambda: arrow.map_(arrow.string(), arrow.string()),
    }
    return [(one.name, types[one.kind]()) for one in fields]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _parts_of(path: Path) -> Path:
    return path.with_name(path.name + ".parts")


def _parts(path: Path) -> list[Path]:
    return sorted(_parts_of(path).glob("part-*.parquet"))


def _part_name(number: int) -> str:
    return f"part-{number:06d}.parquet"
