"""Predictions → outputs, one file for each format.

A sink is a context manager with `append`; it streams and never holds every row. A format of rows is a class with
a `suffix`, in one file, and its entry point under `eyeful.sinks`, in this package or in another.
"""

from pathlib import Path
from typing import Any

from eyeful import plugins
from eyeful.errors import UsageError
from eyeful.sinks.base import ExistingRow, RowSink, Sink, cut_last_line, holds_something, open_text

__all__ = [
    "ExistingRow",
    "RowSink",
    "Sink",
    "cut_last_line",
    "format_of",
    "formats",
    "holds_something",
    "names_folder",
    "open_text",
]


def formats() -> dict[str, type[RowSink]]:
    """The formats of rows, by the ending of their files' names; eyeful's own first, and not to be replaced.

    Raises:
        PluginError: one of eyeful's own cannot be imported.
    """
    found: dict[str, type[RowSink]] = {}
    for sink in plugins.load_all("sinks", _fault_of).values():
        found.setdefault(sink.suffix, sink)
    return found


def _fault_of(sink: Any) -> str | None:
    suffix = getattr(sink, "suffix", None)
    if isinstance(sink, type) and isinstance(suffix, str) and suffix[:1] == "." and suffix == suffix.lower():
        return None
    return "is no class with a suffix such as '.tsv': see eyeful.sinks.RowSink"


def names_folder(output: str) -> bool:
    """Whether an output's name asks for a folder of parts: a final slash, or a folder that is there.

    Raises:
        UsageError: it is no place for rows.
    """
    path = Path(output)
    if path.name in ("", ".."):
        raise UsageError(f"{output or 'an empty name'} is no place for rows; name a file or a new folder")
    if not (path.is_dir() or output.endswith(("/", "\\"))):
        return False
    if path.suffix.lower() in formats():
        raise UsageError(f"{output} is a folder called like a file; name it without {path.suffix}")
    return True


def format_of(output: str) -> type[RowSink]:
    """The kind of sink that a file's name asks for, by its ending.

    Raises:
        UsageError: no sink writes such files.
    """
    path, known = Path(output), formats()
    try:
        return known[path.suffix.lower()]
    except KeyError:
        raise UsageError(
            f"{output}: the ending must be one of {', '.join(known)}, or / for a folder of Parquet parts"
        ) from None
