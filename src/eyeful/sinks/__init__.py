"""Predictions → outputs, one file for each format.

A sink is a context manager with `append`; it streams and never holds every row. A format of rows is a class with
a `suffix`, in one file, and its entry point under `eyeful.sinks`, in this package or in another.
"""

from pathlib import Path

from eyeful import plugins
from eyeful.errors import PluginError, UsageError
from eyeful.sinks.base import ExistingRow, RowSink, Sink

__all__ = ["ExistingRow", "RowSink", "Sink", "format_of", "formats"]


def formats() -> dict[str, type[RowSink]]:
    """The formats of rows, by the ending of their files' names; eyeful's own first, and not to be replaced.

    Raises:
        PluginError: one cannot be imported, or does not say its ending.
    """
    found: dict[str, type[RowSink]] = {}
    for name, sink in plugins.load_all("sinks").items():
        suffix = getattr(sink, "suffix", None)
        if not isinstance(suffix, str) or not suffix.startswith(".") or suffix != suffix.lower():
            raise PluginError(
                f"the sink {name!r} has no suffix such as '.{name.lower()}': see eyeful.sinks.RowSink"
            )
        found.setdefault(suffix, sink)
    return found


def format_of(output: str) -> type[RowSink]:
    """The kind of sink that an output's name asks for, by its ending; a final slash asks for a folder of parts.

    Raises:
        UsageError: no sink writes such files.
        PluginError: a sink of another package cannot be imported.
    """
    path = Path(output)
    if path.name in ("", ".."):
        raise UsageError(f"{output or 'an empty name'} is no place for rows; name a file or a new folder")
    known = formats()
    if path.is_dir() or output.endswith(("/", "\\")):
        if path.suffix.lower() in known:
            raise UsageError(f"{output} is a folder called like a file; name it without {path.suffix}")
        return next(sink for sink in known.values() if sink.writes_folder)
    try:
        return known[path.suffix.lower()]
    except KeyError:
        raise UsageError(
            f"{output}: the ending must be one of {', '.join(known)}, or / for a folder of Parquet parts"
        ) from None
