"""Predictions → outputs, one file for each format.

A sink is a context manager with `append`; it streams and never holds every row. A new one is one new file and one
line in `FORMATS`, by the ending of its file's name.
"""

from collections.abc import Callable
from pathlib import Path

from eyeful.errors import UsageError
from eyeful.sinks.base import Sink
from eyeful.sinks.csv import CsvSink
from eyeful.sinks.jsonl import JsonlSink

__all__ = ["FORMATS", "Sink", "sink_for"]

FORMATS: dict[str, Callable[[Path], Sink]] = {".jsonl": JsonlSink, ".csv": CsvSink}


def sink_for(path: Path) -> Sink:
    """The sink that a file name's ending asks for.

    Raises:
        UsageError: no sink writes such files.
    """
    try:
        return FORMATS[path.suffix.lower()](path)
    except KeyError:
        raise UsageError(f"{path}: the ending must be one of {', '.join(FORMATS)}") from None
