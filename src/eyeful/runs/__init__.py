"""One job from inputs to closed outputs, with a row for every input."""

from eyeful.runs.destination import asks_for_parts, holds_rows, open_output
from eyeful.runs.job import run
from eyeful.runs.output import Output
from eyeful.runs.parts import PartsOutput
from eyeful.runs.share import Share
from eyeful.runs.signals import SignalHandler
from eyeful.runs.summary import RunSummary

__all__ = [
    "Output",
    "PartsOutput",
    "RunSummary",
    "Share",
    "SignalHandler",
    "asks_for_parts",
    "holds_rows",
    "open_output",
    "run",
]
