"""The rows of shards, as Parquet files of one data set."""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Self

from eyeful.bundle.files import temporary_beside
from eyeful.errors import OutputError, one_line
from eyeful.extras import require
from eyeful.filenames import original_name
from eyeful.shards.shard import digest_of
from eyeful.sinks.parquet import parquet_row, schema_of
from eyeful.sources import Undivided

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from eyeful.shards.shard import Shard
    from eyeful.shards.storage import Storage
    from eyeful.types import Item, Prediction

_PART = re.compile(r"part-(\d{6,})-([0-9a-f]{16})\.parquet")
_COUNTS = b"eyeful_part"
"""A part's metadata about itself, beside `eyeful`, which is about the run."""


def listed(names: Iterable[str]) -> dict[int, list[str]]:
    """The parts among the names of files: number → the part; two only where a longer one replaces a shorter."""
    found: dict[int, list[str]] = {}
    for name in names:
        if match := _PART.fullmatch(name):
            found.setdefault(int(match[1]), []).append(name)
    return found


def open_part(storage: Storage, name: str) -> Any:
    """A part's table.

    Raises:
        OutputError: it is no part of ours, or gone.
    """
    arrow, parquet = require("pyarrow", "a folder of parts"), require("pyarrow.parquet", "a folder of parts")
    content = storage.read(name)
    try:
        table = parquet.read_table(arrow.BufferReader(content or b""))
        json.loads(table.schema.metadata[_COUNTS])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(
            f"{name} in {storage.place} is no part of ours: --overwrite starts anew ({one_line(error)})"
        ) from error
    return table


def part_counts(table: Any) -> dict[str, Any]:
    """What a part says of its rows: `rows`, `abstained`, `errors` and `ignored` by kind."""
    counts: dict[str, Any] = json.loads(table.schema.metadata[_COUNTS])
    return counts


def part_record(table: Any) -> dict[str, Any]:
    """What a part says of how it was made: the record of its run."""
    record: dict[str, Any] = json.loads(table.schema.metadata[b"eyeful"])
    return record


def begins(table: Any, shard: Shard) -> bool:
    """Whether a part is of the first items of a shard: inputs were added since, or a signal came."""
    made = [
        (original_name(row["filename"], row["filename_b64"]), row["columns"])
        for row in table.select(["filename", "filename_b64", "columns"]).to_pylist()
    ]
    asked = [_name_and_columns(item) for item in shard.items[: len(made)]]
    return made == asked and not isinstance(shard.items[0].content, Undivided)


def _name_and_columns(item: Item) -> tuple[str, Any]:
    return item.filename, None if item.columns is None else parquet_row({"columns": item.columns})["columns"]


class PartsSink:
    """Writes a part as soon as all rows of its shard are there.

    Args:
        storage: where to.
        record: what determined the answers; becomes the metadata `eyeful`.
    """

    wants_thumbnails = False

    def __init__(self, storage: Storage, record: dict[str, Any]) -> None:
        self._storage = storage
        self._record = json.dumps(record, ensure_ascii=False)
        self._begun: deque[_Begun] = deque()

    def __enter__(self) -> Self:
        return self

    def items_of(self, shard: Shard, replaces: Iterable[str], ignored: Counter[str]) -> Iterator[Item]:
        """The items of a shard, whose rows come next.

        Args:
            shard: what to open.
            replaces: parts that go when this one is there.
            ignored: counts other files in the shard, by extension.
        """
        begun = _Begun(shard, tuple(replaces))
        self._begun.append(begun)
        items = 0
        for item in shard.open(begun.ignored):
            items += 1
            yield item
        ignored.update(begun.ignored)
        begun.items = items

    def append(self, prediction: Prediction) -> None:
        """Take one row, in the order of the shards and their items."""
        self._write_finished()  # what ended without a row: an archive without images
        self._begun[0].rows.append(prediction)
        self._write_finished()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write_finished()
        if self._begun and self._begun[0].rows and not self._begun[0].is_undivided:
            self._write(self._begun[0])  # what is in hand, under a name of its own

    def _write_finished(self) -> None:
        while self._begun and len(self._begun[0].rows) == self._begun[0].items:
            begun = self._begun.popleft()
            self._write(begun)
            for name in begun.replaces:
                if name != begun.part:
                    self._storage.remove(name)

    def _write(self, begun: _Begun) -> None:
        arrow, parquet = require("pyarrow", "a folder of parts"), require("pyarrow.parquet", "a folder of parts")
        metadata = {"eyeful": self._record, _COUNTS: json.dumps(begun.counts)}
        schema = schema_of(columns=True, metadata=metadata)  # always: all parts of a data set have one schema
        table = arrow.Table.from_pylist([parquet_row(row.to_dict()) for row in begun.rows], schema)
        content = arrow.BufferOutputStream()
        parquet.write_table(table, content)
        self._storage.write(begun.part, content.getvalue().to_pybytes())


class _Begun:
    """A shard whose rows come in."""

    def __init__(self, shard: Shard, replaces: tuple[str, ...]) -> None:
        self.shard = shard
        self.replaces = replaces
        self.is_undivided = isinstance(shard.items[0].content, Undivided)
        self.items: int | None = None if self.is_undivided else len(shard.items)
        self.ignored: Counter[str] = Counter()
        self.rows: list[Prediction] = []

    @property
    def part(self) -> str:
        """The name of what its rows are so far."""
        if self.is_undivided or len(self.rows) == self.items:
            return self.shard.part
        made = self.shard.items[: len(self.rows)]
        return f"part-{self.shard.number:06d}-{digest_of((item.filename, item.columns) for item in made)}.parquet"

    @property
    def counts(self) -> dict[str, Any]:
        """What its part says of itself."""
        return {
            "rows": len(self.rows),
            "abstained": sum(row.abstained for row in self.rows),
            "errors": Counter(row.error_kind for row in self.rows if row.error_kind is not None),
            "ignored": self.ignored,
        }


def join(storage: Storage, parts: list[str], path: Path) -> int:
    """Write the rows of parts into one file, a row group each; it is there whole or not at all.

    Args:
        storage: where the parts are.
        parts: in order.
        path: the .parquet file.

    Returns:
        Rows.

    Raises:
        OutputError: a part cannot be read, or the file not written.
    """
    parquet = require("pyarrow.parquet", "a Parquet file")
    temporary = temporary_beside(path)
    rows = 0
    try:
        metadata = {"eyeful": json.dumps(part_record(open_part(storage, parts[0])), ensure_ascii=False)}
        with parquet.ParquetWriter(temporary, schema_of(columns=True, metadata=metadata)) as writer:
            for name in parts:
                table = open_part(storage, name)
                writer.write_table(table.replace_schema_metadata(metadata))
                rows += table.num_rows
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return rows
