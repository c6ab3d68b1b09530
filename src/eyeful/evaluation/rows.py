"""Rows that a run has written, read again: .jsonl, .csv, .parquet, or a folder of parts."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eyeful.errors import ERROR_KINDS, UsageError, one_line
from eyeful.extras import require
from eyeful.filenames import original_name, printable
from eyeful.shards import open_storage
from eyeful.shards.parts import listed, open_part, part_record
from eyeful.sinks.csv import LARGEST_CELL, text_of
from eyeful.types import Group, Prediction, Score

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDINGS = (".jsonl", ".csv", ".parquet")
_JSON_CELLS = ("abstained", "top", "warnings", "group", "prediction_set", "columns")
_LARGEST_LINE = 1 << 26
"""Bytes of the first row, by which rows are told from a list."""


def is_rows(name: str) -> bool:
    """Whether a name is that of rows: of a file that looks like one of ours, or of a folder of parts."""
    path = Path(name)
    if path.is_dir():
        return bool(listed(one.name for one in path.iterdir()))
    if path.suffix.lower() == ".parquet":
        return True
    if path.suffix.lower() not in ENDINGS or not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.readline(_LARGEST_LINE)
    if path.suffix.lower() == ".csv":
        return head.startswith(b"filename,status,index,wnid,label,prob,")
    try:
        row = json.loads(head)
    except (ValueError, RecursionError):
        return False
    return isinstance(row, dict) and row.keys() >= {"filename", "status", "top"}


def read_rows(name: str) -> Iterator[Prediction]:
    """Every row, in order, as the prediction that it was; without logits.

    Raises:
        UsageError: it cannot be read, or is not of ours.
    """
    place = printable(name)
    try:
        for number, row in enumerate(_rows_of(Path(name)), 1):
            try:
                yield _prediction_of(row)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise UsageError(f"{place}: row {number} is no row of eyeful's ({one_line(error, 80)})") from error
    except UsageError:
        raise
    except (OSError, ValueError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else one_line(error)
        raise UsageError(f"{place} cannot be read as rows: {reason}") from error


def record_of_rows(name: str) -> dict[str, Any]:
    """What the run that wrote rows says of itself, as `provenance`; empty where nothing is left of it."""
    path = Path(name)
    if path.is_dir():
        storage = open_storage(str(path))
        first = min((names[0] for names in listed(storage.names()).values()), default=None)
        return part_record(open_part(storage, first)) if first is not None else {}
    found: Any = {}
    try:
        if path.suffix.lower() == ".parquet":
            metadata = require("pyarrow.parquet", "a Parquet file").read_schema(path).metadata or {}
            found = json.loads(metadata.get(b"eyeful", b"{}"))
        else:
            found = json.loads(path.with_name(path.name + ".run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, dict)}


def _rows_of(path: Path) -> Iterator[dict[str, Any]]:
    if path.is_dir():
        storage = open_storage(str(path))
        for _, names in sorted(listed(storage.names()).items()):
            yield from open_part(storage, max(names)).to_pylist()
    elif path.suffix.lower() == ".parquet":
        parquet = require("pyarrow.parquet", "a Parquet file")
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(1000):
                yield from batch.to_pylist()
    elif path.suffix.lower() == ".csv":
        csv.field_size_limit(LARGEST_CELL)
        with path.open(encoding="utf-8", newline="") as text:
            for row in csv.DictReader(text):
                yield {name: _value(name, cell) for name, cell in row.items()}
    else:
        with path.open(encoding="utf-8") as text:
            for line in text:
                yield json.loads(line)


def _value(name: str, cell: str) -> Any:
    """What the CSV sink made a cell of."""
    if name in _JSON_CELLS:
        return json.loads(cell) if cell else None
    return text_of(cell) or None


def _prediction_of(row: dict[str, Any]) -> Prediction:
    kind = row["error_kind"]
    if kind is not None and kind not in ERROR_KINDS:
        raise ValueError(f"{kind} is no kind of error")
    if not isinstance(row["filename"], str):
        raise TypeError("its filename is no text")
    columns = row.get("columns")
    group = row.get("group")
    return Prediction(
        original_name(row["filename"], row.get("filename_b64")),
        top=tuple(_score_of(score) for score in row["top"]),
        abstained=row["abstained"],
        warnings=tuple(row["warnings"]),
        error_kind=kind,
        error=row["error"],
        columns=None if columns is None else dict(columns),
        group=None if group is None else _group_of(group),
    )


def _score_of(values: dict[str, Any]) -> Score:
    score = Score(**values)
    _check(score.label, score.wnid, score.index, score.prob)
    return score


def _group_of(values: dict[str, Any]) -> Group:
    group = Group(**values)
    _check(group.name, group.wnid, group.labels, group.prob)
    return group


def _check(name: Any, wnid: Any, number: Any, prob: Any) -> None:
    """See that the values of an answer are such as we write.

    Raises:
        TypeError: one is of another type.
        ValueError: one is outside its range.
    """
    if not isinstance(name, str) or not isinstance(wnid, str | None):
        raise TypeError("the name of an answer is no text")
    if type(number) is not int or type(prob) not in (int, float):
        raise TypeError("a number of an answer is none")
    if number < 0 or not 0 <= prob <= 1:
        raise ValueError(f"the prob {prob} of an answer is not between 0 and 1, or its number {number} below 0")
