"""Read a file of vectors again, of either format."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eyeful.errors import UsageError
from eyeful.features import npy, parquet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_CHUNK, _TOLERANCE = 4096, 1e-3
_READERS = {".parquet": parquet.read, ".npy": npy.read}


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """The vectors of a file, and whose they are. Rows that are errors are left out of both.

    Attributes:
        filenames: the identity of each image, in the order of the run; not unique.
        vector_ND: float32 (N, D), of unit length; memory-mapped and read-only where it can be.
        errors: how many images had no vector, by kind.
        record: what made them, as beside every output: `reproducibility_keys`, `provenance`, `vector`.
    """

    filenames: list[str]
    vector_ND: NDArray[np.float32]
    errors: dict[str, int]
    record: dict[str, Any]


def read_features(path: str | Path) -> Features:
    """The vectors that `eyeful embed` wrote.

    Args:
        path: a .parquet or .npy file.

    Raises:
        UsageError: it is no such file, is not there, or its run did not come to an end.
        MissingExtraError: PyArrow is not installed, which .parquet needs.
    """
    path = Path(path)
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise UsageError(f"{path}: vectors are in a .parquet or .npy file, which `eyeful embed` writes")
    if path.is_dir():
        raise UsageError(f"{path} is a folder, not a file of vectors")
    if not path.is_file():
        begun = npy.NpySink.exists(path) if path.suffix.lower() == ".npy" else parquet.VectorSink.exists(path)
        if begun:
            raise UsageError(f"{path} is not complete: the same `eyeful embed` with --resume completes it")
        raise UsageError(f"{path}: no such file; `eyeful embed PHOTOS -o {path}` makes it")
    names, error_kinds, vector_ND, record = read(path)
    _check(path, names, error_kinds, vector_ND, record)
    filenames = [name for name, kind in zip(names, error_kinds, strict=True) if kind is None]
    return Features(filenames, vector_ND, _counted(error_kinds), record)


def _check(
    path: Path, names: Sequence[Any], error_kinds: Sequence[Any], vector_ND: NDArray[np.float32], record: Any
) -> None:
    """See that the content is what `eyeful embed` writes: others would be answered with, and wrongly.

    Raises:
        UsageError: it is not.
    """
    if not isinstance(record, dict):
        raise UsageError(f"{path} does not say how its vectors were made: embed the images again")
    if not all(isinstance(name, str) for name in names) or not all(
        isinstance(kind, str | None) for kind in error_kinds
    ):
        raise UsageError(f"{path} is no file of `eyeful embed`: the names of its images are no text")
    for first in range(0, len(vector_ND), _CHUNK):
        some = vector_ND[first : first + _CHUNK]
        length_N = np.sqrt(np.einsum("nd,nd->n", some, some))
        wrong = ~(
            (np.abs(length_N - 1) < _TOLERANCE) | (length_N == 0)
        )  # of a model that answers zeros to an image
        if wrong.any():
            place = first + int(wrong.argmax())
            raise UsageError(
                f"{path} is damaged: vector {place + 1} has length {length_N[place - first]:.3g}, not 1; embed "
                "the images again"
            )


def _counted(error_kinds: Sequence[str | None]) -> dict[str, int]:
    return dict(Counter(kind for kind in error_kinds if kind is not None))
