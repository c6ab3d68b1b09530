"""The file that vectors go to, opened for a run."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from eyeful.errors import UsageError
from eyeful.extras import require
from eyeful.features.npy import NpySink
from eyeful.features.parquet import VectorSink
from eyeful.runs import Output

if TYPE_CHECKING:
    from eyeful.predictor import PredictorSpec
    from eyeful.sinks import RowSink

_FORMATS: dict[str, type[RowSink]] = {sink.suffix: sink for sink in (VectorSink, NpySink)}


def format_of_vectors(name: str) -> type[RowSink]:
    """What writes vectors to a file, by the ending of its name.

    Raises:
        UsageError: it names no file, or one of another kind.
        MissingExtraError: PyArrow is not installed, which .parquet needs.
    """
    path = Path(name)
    found = _FORMATS.get(path.suffix.lower())
    if found is None or "://" in name or name.endswith(("/", "\\")) or path.is_dir():
        raise UsageError(f"-o {name}: vectors go to a file whose name ends in .parquet or .npy")
    if found is VectorSink:
        require("pyarrow.parquet", "a Parquet file")
    return found


def open_vectors(name: str, *, resume: bool = False, overwrite: bool = False) -> Output:
    """The output of a run whose rows are vectors. Before the run, `describe` says how long they are.

    Raises:
        UsageError: as for `Output`, and for `format_of_vectors`.
        OutputError: nothing can be written there.
        MissingExtraError: as for `format_of_vectors`.
    """
    return Output(name, resume=resume, overwrite=overwrite, writes=format_of_vectors(name))


def describe(output: Output, vector_size: int, spec: PredictorSpec | None = None) -> None:
    """Have an output's record say what its vectors are, and what opens their model again.

    Args:
        output: opened by `open_vectors`.
        vector_size: numbers in each; see `predictor.vector_size`.
        spec: of the classifier that makes them, pinned; without it only the model's name is recorded.
    """
    output.more["vector"] = {"size": vector_size, "unit_length": True}
    if spec is not None:
        output.more["spec"] = asdict(spec)
