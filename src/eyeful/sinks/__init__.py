"""Predictions → outputs, one file for each format.

A sink is a context manager with `append`; it streams and never holds every row. A new one is one new file and one
line in `FORMATS`, by the ending of its file's name.
"""

from pathlib import Path

from eyeful.errors import UsageError
from eyeful.sinks.base import ExistingRow, RowSink, Sink
from eyeful.sinks.csv import CsvSink
from eyeful.sinks.jsonl import JsonlSink
from eyeful.sinks.parquet import ParquetSink

__all__ = ["FORMATS", "ExistingRow", "RowSink", "Sink", "format_of"]

FORMATS: dict[str, type[RowSink]] = {".jsonl": JsonlSink, ".csv": CsvSink, ".parquet": ParquetSink}
FOLDER = ParquetSink
"""What is written where a folder is named: a data set in parts."""


def format_of(output: str) -> type[RowSink]:
    """The kind of sink that an output's name asks for, by its ending; a final slash asks for a folder of parts.

    Raises:
        UsageError: no sink writes such files.
    """
    path = Path(output)
    if path.name in ("", ".."):
        raise UsageError(f"{output or 'an empty name'} is no place for rows; name a file or a new folder")
    if path.is_dir() or output.endswith(("/", "\\")):
        if path.suffix.lower() in FORMATS:
            raise UsageError(f"{output} is a folder called like a file; name it without {path.suffix}")
        return FOLDER
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        raise UsageError(
            f"{output}: the ending must be one of {', '.join(FORMATS)}, or / for a folder of Parquet parts"
        ) from None
