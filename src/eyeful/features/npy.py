"""Vectors as an array on disk: X.npy, float32 (N, D), and beside it X.npy.names.jsonl with whose each row is.

Both grow row by row. The array does so under the name X.npy.rows, which becomes X.npy when the run is complete; a
row counts when it is in both. An image without a vector is a row of NaN.
"""

from __future__ import annotations

import json
import os
import zlib
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

import numpy as np

from eyeful.bundle.files import replace_file
from eyeful.errors import OutputError, UsageError
from eyeful.features.rows import names_of, vector_of
from eyeful.filenames import original_name
from eyeful.sinks import ExistingRow, cut_last_line, open_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from numpy.typing import NDArray

    from eyeful.types import Prediction

_HEADER = 128
"""Bytes of the header: NumPy leaves space in it for any number of rows."""


class NpySink:
    """Writes each row as it comes.

    Args:
        path: a .npy file.
        resume: go on behind the rows that are there.
        record: what determined the vectors; `vector` says how long they are. When all rows are written it gets
            `content`, which ties the array and the names to it.
    """

    suffix = ".npy"
    wants_thumbnails = False
    rows_in_hand = 0

    def __init__(self, path: Path, *, resume: bool = False, record: dict[str, Any] | None = None) -> None:
        self._path = path
        self._resume = resume
        self._record = record or {}
        self._size: int = self._record["vector"]["size"]
        self._none = np.full(self._size, np.nan, "<f4")
        self._array: IO[bytes]
        self._names: IO[str]

    @staticmethod
    def exists(path: Path) -> bool:
        """Whether there is an output already, whole or not."""
        return path.is_file() or _unfinished(path).is_file()

    @staticmethod
    def written(path: Path) -> Iterator[ExistingRow]:
        """The rows that an output holds, after what a crash left of a last one is removed.

        Raises:
            OutputError: it is not such a file.
        """
        array, names = path if path.is_file() else _unfinished(path), names_beside(path)
        try:
            names.touch()
            cut_last_line(names, quoted=False)
            _cut_lines(names, _rows_of(array))
            yield from (ExistingRow(name, kind, abstained=False) for name, kind in _read_names(names))
        except (ValueError, KeyError, TypeError) as error:
            raise OutputError(f"{array} and {names} are no rows of ours: --overwrite starts anew") from error

    def __enter__(self) -> Self:
        names, unfinished = names_beside(self._path), _unfinished(self._path)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._resume and self._path.is_file():  # it was complete; now more rows come
                self._path.replace(unfinished)
            if not (self._resume and unfinished.is_file()):
                for file in (self._path, unfinished, names):
                    file.unlink(missing_ok=True)
            self._names = open_text(names, "a")
            self._array = unfinished.open("r+b" if unfinished.is_file() else "w+b")
            rows = _lines(names)
            self._write_header(rows)
            self._array.truncate(_HEADER + rows * self._none.nbytes)
            self._array.seek(0, os.SEEK_END)
        except OSError as error:
            raise OutputError(f"cannot write {self._path}: {error.strerror}") from error
        return self

    def append(self, prediction: Prediction) -> None:
        """Write one row; it is in the system's hands when this returns."""
        vector_D = vector_of(prediction)
        self._array.write((self._none if vector_D is None else vector_D.astype("<f4")).tobytes())
        self._array.flush()
        self._names.write(json.dumps(names_of(prediction), ensure_ascii=False) + "\n")
        self._names.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._array, self._names:
            if kind is not None:
                return
            self._write_header(_lines(names_beside(self._path)))
            for file in (self._array, self._names):
                file.flush()
                os.fsync(file.fileno())
        replace_file(_unfinished(self._path), self._path)
        self._record["content"] = _content_of(self._path)

    def _write_header(self, rows: int) -> None:
        self._array.seek(0)
        facts = {"descr": "<f4", "fortran_order": False, "shape": (rows, self._size)}
        np.lib.format.write_array_header_1_0(self._array, facts)
        assert self._array.tell() == _HEADER  # noqa: S101 - of so few and short values
        self._array.flush()


def read(path: Path) -> tuple[list[str], list[str | None], NDArray[np.float32], dict[str, Any]]:
    """What a whole file holds; see `features.file`.

    Returns:
        The file names and error kinds of all rows; the vectors of those without an error, memory-mapped where all
        are; and the record.

    Raises:
        UsageError: it is no such file.
    """
    names, record = names_beside(path), path.with_name(path.name + ".run.json")
    try:
        array = np.lib.format.open_memmap(path, mode="r")
        rows = list(_read_names(names))
        found = json.loads(record.read_text(encoding="utf-8"))
        content = found.get("content") if isinstance(found, dict) else None
        if content is not None and content != _content_of(path):
            raise UsageError(
                f"{path}, {names.name} and {record.name} are not of one run: copy all three, or embed the images "
                "again"
            )
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {Path(error.filename or path).name}: {error.strerror}"
        ) from error
    except (ValueError, KeyError, TypeError, EOFError) as error:
        raise UsageError(f"{path}, or what lies beside it, is no file of `eyeful embed`: {error}") from error
    if array.dtype != np.float32 or array.ndim != 2 or len(array) != len(rows):
        raise UsageError(
            f"{path} is {array.dtype} {array.shape}, and {names.name} has {len(rows)} lines: not of one run"
        )
    whole = [kind is None for _, kind in rows]
    vector_ND: NDArray[np.float32] = array if all(whole) else array[np.array(whole, bool)]
    return [name for name, _ in rows], [kind for _, kind in rows], vector_ND, found


def names_beside(path: Path) -> Path:
    """The file that says whose the rows of an array are."""
    return path.with_name(path.name + ".names.jsonl")


def _content_of(path: Path) -> dict[str, int]:
    """Checksums of an array and of its names, which lie in files of their own."""
    found = {}
    for what, file in (("array", path), ("names", names_beside(path))):
        found[what] = 0
        with file.open("rb") as opened:
            while piece := opened.read(1 << 20):
                found[what] = zlib.crc32(piece, found[what])
    return found


def _unfinished(path: Path) -> Path:
    return path.with_name(path.name + ".rows")


def _read_names(path: Path) -> Iterator[tuple[str, str | None]]:
    """The file name and the error kind of each row."""
    with path.open(encoding="utf-8") as file:
        for row in map(json.loads, file):
            yield original_name(row["filename"], row.get("filename_b64")), row["error_kind"]


def _rows_of(path: Path) -> int:
    """How many whole rows an array has, whatever its header says.

    Raises:
        ValueError: it is not as we write it.
    """
    with path.open("rb") as file:
        if path.stat().st_size < _HEADER:  # all that a crash left
            return 0
        version = np.lib.format.read_magic(file)
        shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(file)
        if version != (1, 0) or file.tell() != _HEADER or len(shape) != 2 or fortran_order or dtype != "<f4":
            raise ValueError(f"another kind of array: {dtype} {shape}")
    return (path.stat().st_size - _HEADER) // (shape[1] * dtype.itemsize)


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def _cut_lines(path: Path, most: int) -> None:
    """Remove the lines that no row stands for."""
    with path.open("rb+") as file:
        file.truncate(sum(map(len, islice(file, most))))
