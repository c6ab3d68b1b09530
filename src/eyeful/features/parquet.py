"""Vectors in a Parquet file: a row for each image; in parts until the run is complete, as in `sinks.parquet`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from eyeful.errors import UsageError
from eyeful.extras import require
from eyeful.features.rows import names_of, vector_of
from eyeful.filenames import original_name
from eyeful.sinks import ExistingRow
from eyeful.sinks.fields import VECTOR_FIELDS
from eyeful.sinks.parquet import ParquetSink, written_values

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from eyeful.types import Prediction

*_NAMES, _VECTOR = (one.name for one in VECTOR_FIELDS)


class VectorSink(ParquetSink):
    """Writes vectors in parts.

    Args:
        path: a .parquet file.
        resume: go on behind the parts that are there.
        record: what determined the vectors; `vector` says how long they are. Becomes the metadata `eyeful`.
    """

    def __init__(self, path: Path, *, resume: bool = False, record: dict[str, Any] | None = None) -> None:
        super().__init__(path, resume=resume, record=record)
        self._size: int = (record or {})["vector"]["size"]
        arrow = self._arrow
        fields = [
            *((name, arrow.string()) for name in _NAMES),
            (_VECTOR, arrow.list_(arrow.float32(), self._size)),
        ]
        self._schema = arrow.schema(fields, self._metadata)
        self._how = {"use_dictionary": [*_NAMES], "compression": dict.fromkeys(_NAMES, "snappy")}  # numbers: plain
        self._how["write_page_checksum"] = True

    @staticmethod
    def written(path: Path) -> Iterator[ExistingRow]:
        """The rows that an output holds.

        Raises:
            OutputError: a part cannot be read, or holds no vectors.
        """
        for row in written_values(path, _NAMES, (*_NAMES, _VECTOR)):
            yield ExistingRow(
                original_name(row["filename"], row["filename_b64"]), row["error_kind"], abstained=False
            )

    def append(self, prediction: Prediction) -> None:
        """Take one row; every thousand are a part."""
        self._take(names_of(prediction) | {_VECTOR: vector_of(prediction)})

    def _begin_with(self, names: Any) -> None:
        """All have the same columns."""

    def _table(self) -> Any:
        arrow = self._arrow
        vectors = [row[_VECTOR] for row in self._rows]
        nothing = np.zeros(self._size, np.float32)
        flat = np.concatenate([nothing if vector is None else vector for vector in vectors])
        is_none = arrow.array([vector is None for vector in vectors])
        lists = arrow.FixedSizeListArray.from_arrays(arrow.array(flat), self._size, mask=is_none)
        columns = [arrow.array([row.get(name) for row in self._rows], arrow.string()) for name in _NAMES]
        return arrow.Table.from_arrays([*columns, lists], schema=self._schema)


def read(path: Path) -> tuple[list[str], list[str | None], NDArray[np.float32], dict[str, Any]]:
    """What a whole file holds; see `features.file`. The vectors are read a row group at a time.

    Returns:
        The file names and error kinds of all rows; the vectors of those without an error; and the record.

    Raises:
        UsageError: it is no such file.
        MissingExtraError: PyArrow is not installed.
    """
    parquet = require("pyarrow.parquet", "a Parquet file")
    arrow = require("pyarrow", "a Parquet file")
    try:
        with parquet.ParquetFile(path, page_checksum_verification=True) as file:
            schema = file.schema_arrow
            kind = schema.field(_VECTOR).type
            size = kind.list_size
            if not kind.value_type.equals(arrow.float32()):
                raise TypeError(f"its vectors are {kind}")
            record = json.loads(schema.metadata[b"eyeful"])
            names = file.read(columns=["filename", "filename_b64", "error_kind"]).to_pydict()
            vector_ND = np.empty((names["error_kind"].count(None), size), np.float32)
            done = 0
            for group in range(file.num_row_groups):
                (lists,) = file.read_row_group(group, columns=[_VECTOR]).columns
                for chunk in lists.chunks:
                    found = chunk.flatten().to_numpy().reshape(-1, size)
                    vector_ND[done : done + len(found)] = found
                    done += len(found)
        filenames = list(map(original_name, names["filename"], names["filename_b64"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} is no file of `eyeful embed`: {' '.join(str(error).split())[:200]}") from error
    if done != len(vector_ND):
        raise UsageError(f"{path} is damaged: it has {len(vector_ND)} rows without an error, and {done} vectors")
    return filenames, names["error_kind"], vector_ND, record
