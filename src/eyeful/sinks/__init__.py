"""Predictions → outputs, one file for each format.

A sink is a context manager with `append`; it streams and never holds every row. A new one is one new file and one
line in `FORMATS`, by the ending of its file's name.
"""

from pathlib import Path

from eyeful.errors import UsageError
from eyeful.sinks.base import RowSink, Sink, Written
from eyeful.sinks.csv import CsvSink
from eyeful.sinks.jsonl import JsonlSink
from eyeful.sinks.parquet import ParquetSink

__all__ = ["FORMATS", "RowSink", "Sink", "Written", "format_of"]

FORMATS: dict[str, type[RowSink]] = {".jsonl": JsonlSink, ".csv": CsvSink, ".parquet": ParquetSink}
FOLDER = ParquetSink
"""What is written where a folder is named: a data set in parts."""


def format_of(output: str) -> type[RowSink]:
    """The kind of sink that an output's name asks for, by its ending; a final slash asks for a folder of parts.

    Raises:
        UsageError: no sink writes such files.
    """
    if output.endswith(("/", "\\")) or Path(output).is_dir():
        return FOLDER
    try:
        return FORMATS[Path(output).suffix.lower()]
    except KeyError:
        raise UsageError(
            f"{output}: the ending must be one of {', '.join(FORMATS)}, or / for a folder of Parquet parts"
        ) from None
