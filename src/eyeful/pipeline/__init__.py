"""The two schedulers of a predictor: `Stream` for ordered runs, `AsyncBatcher` for requests on an event loop."""

from eyeful.pipeline.base import SupportsStream
from eyeful.pipeline.bottleneck import Stage, StageTimer
from eyeful.pipeline.faster import advice
from eyeful.pipeline.live import LiveItems
from eyeful.pipeline.ordered import DaemonThreads, ordered_map
from eyeful.pipeline.stream import Stream

__all__ = [
    "DaemonThreads",
    "LiveItems",
    "Stage",
    "StageTimer",
    "Stream",
    "SupportsStream",
    "advice",
    "ordered_map",
]
