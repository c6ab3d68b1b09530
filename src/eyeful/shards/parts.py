"""The rows of shards, as Parquet files of one data set."""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Self

from eyeful.bundle.files import replace_file, sync, temporary_beside
from eyeful.errors import OutputError, one_line
from eyeful.extras import require
from eyeful.filenames import original_name
from eyeful.shards.ahead import read_ahead
from eyeful.shards.shard import SHARD_ROWS, digest_of
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
_FOOTER = 65_536
"""Bytes that hold most parts' metadata."""


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
        with parquet.ParquetFile(arrow.BufferReader(content or b""), page_checksum_verification=True) as file:
            table = file.read(use_threads=False).replace_schema_metadata(file.metadata.metadata)
        record = part_record(table)
        if part_counts(table)["rows"] != table.num_rows or not isinstance(record, dict):
            raise ValueError("its rows are not all there")
        if not table.schema.equals(schema_of(_extra_columns(record), {})):
            raise ValueError("its columns are not those of rows")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(
            f"{name} in {storage.place} is damaged, or no part of ours: delete it, and --resume makes it again "
            f"({one_line(error)})"
        ) from error
    return table


def part_footer(storage: Storage, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a part says of how it was made, and its counts; see `part_record` and `part_counts`. Rows stay unread.

    Raises:
        OutputError: it is no part of ours, or gone.
    """
    arrow, parquet = require("pyarrow", "a folder of parts"), require("pyarrow.parquet", "a folder of parts")
    end = storage.read_end(name, _FOOTER) or b""
    try:
        footer = parquet.read_metadata(arrow.BufferReader(end))
        record, counts = json.loads(footer.metadata[b"eyeful"]), json.loads(footer.metadata[_COUNTS])
        if counts["rows"] == footer.num_rows:
            return record, counts
    except (OSError, ValueError, KeyError, TypeError):  # or a footer that is longer, or a fault to be named
        pass
    table = open_part(storage, name)
    return part_record(table), part_counts(table)


def part_counts(table: Any) -> dict[str, Any]:
    """Counts of a part: `rows`, `abstained`, `grouped`, `none_of_these`, `errors` and `ignored` by kind."""
    counts: dict[str, Any] = json.loads(table.schema.metadata[_COUNTS])
    return counts


def part_record(table: Any) -> dict[str, Any]:
    """What a part says of how it was made: the record of its run."""
    record: dict[str, Any] = json.loads(table.schema.metadata[b"eyeful"])
    return record


def _extra_columns(record: dict[str, Any]) -> list[str]:
    """What rows of a run may have beyond what all have. Its parts have all of them: a data set has one schema."""
    keys = record.get("reproducibility_keys") or {}
    calibration = keys.get("calibration") or {}
    asked = {"group": keys.get("sure") is not None, "prediction_set": bool(calibration.get("coverage"))}
    return ["columns", *(name for name in asked if asked[name])]


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
        whole: of a shard that is not finished, write nothing at the end.
    """

    wants_thumbnails = False

    def __init__(self, storage: Storage, record: dict[str, Any], *, whole: bool = False) -> None:
        self._storage = storage
        self._record = json.dumps(record, ensure_ascii=False)
        self._whole = whole
        self._schema = schema_of(_extra_columns(record), {"eyeful": self._record})
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
        begun = _Begun(shard, tuple(replaces), self._schema)
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
        self._begun[0].append(prediction)
        self._write_finished()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write_finished()
        if not self._whole and self._begun and self._begun[0].rows and not self._begun[0].is_undivided:
            begun = self._begun[0]  # what is in hand, under a name of its own
            there = [part_counts(open_part(self._storage, name))["rows"] for name in begun.replaces]
            if begun.rows > max(there, default=0):
                self._write(begun)

    def _write_finished(self) -> None:
        while self._begun and self._begun[0].rows == self._begun[0].items:
            self._write(self._begun.popleft())

    def _write(self, begun: _Begun) -> None:
        self._storage.write(begun.part, begun.content())
        for name in begun.replaces:
            if name != begun.part:
                self._storage.remove(name)


class _Begun:
    """A shard whose rows come in. An archive may have millions: they are held compressed."""

    def __init__(self, shard: Shard, replaces: tuple[str, ...], schema: Any) -> None:
        self._arrow = require("pyarrow", "a folder of parts")
        parquet = require("pyarrow.parquet", "a folder of parts")
        self._shard = shard
        self._gathered: list[dict[str, Any]] = []
        self._errors: Counter[str] = Counter()
        self._abstained = self._grouped = self._none_of_these = 0
        self._schema = schema
        self._content = self._arrow.BufferOutputStream()
        self._writer = parquet.ParquetWriter(self._content, self._schema, write_page_checksum=True)
        self.replaces = replaces
        self.is_undivided = isinstance(shard.items[0].content, Undivided)
        self.items: int | None = None if self.is_undivided else len(shard.items)
        self.ignored: Counter[str] = Counter()
        self.rows = 0

    def append(self, prediction: Prediction) -> None:
        """Take a row."""
        self.rows += 1
        self._abstained += prediction.unsure
        self._grouped += prediction.grouped
        self._none_of_these += prediction.none_of_these
        if prediction.error_kind is not None:
            self._errors[prediction.error_kind] += 1
        self._gathered.append(parquet_row(prediction.to_dict()))
        if len(self._gathered) == SHARD_ROWS:
            self._compress()

    def _compress(self) -> None:
        self._writer.write_table(self._arrow.Table.from_pylist(self._gathered, self._schema))
        self._gathered = []

    @property
    def part(self) -> str:
        """The name of what its rows are so far."""
        if self.is_undivided or self.rows == self.items:
            return self._shard.part
        made = self._shard.items[: self.rows]
        return f"part-{self._shard.number:06d}-{digest_of((item.filename, item.columns) for item in made)}.parquet"

    def content(self) -> bytes:
        """The part, of which nothing more comes."""
        if self._gathered or not self.rows:
            self._compress()
        counts = {
            "rows": self.rows,
            "abstained": self._abstained,
            **({"grouped": self._grouped} if self._grouped else {}),
            **({"none_of_these": self._none_of_these} if self._none_of_these else {}),
            "errors": self._errors,
            "ignored": self.ignored,
        }
        self._writer.add_key_value_metadata({_COUNTS: json.dumps(counts)})
        self._writer.close()
        content: bytes = self._content.getvalue().to_pybytes()
        return content


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
        record = part_record(open_part(storage, parts[0]))
        metadata = {"eyeful": json.dumps(record, ensure_ascii=False)}
        with parquet.ParquetWriter(temporary, schema_of(_extra_columns(record), metadata)) as writer:
            for _, table in read_ahead(open_part, storage, parts):
                writer.write_table(table.replace_schema_metadata(metadata))
                rows += table.num_rows
        sync(temporary)
        replace_file(temporary, path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return rows
