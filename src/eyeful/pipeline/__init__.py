"""The one path: sources → images → engine → results, joined in a `Classifier`."""

from eyeful.pipeline.base import Streams
from eyeful.pipeline.classifier import Classifier
from eyeful.pipeline.cores import usable_cores
from eyeful.pipeline.limit import Stage, Waits, advice
from eyeful.pipeline.load import load, origin
from eyeful.pipeline.image import Loaded
from eyeful.pipeline.settings import Settings
from eyeful.pipeline.watch import PATIENCE

__all__ = [
    "PATIENCE",
    "Classifier",
    "Loaded",
    "Settings",
    "Stage",
    "Streams",
    "Waits",
    "advice",
    "load",
    "origin",
    "usable_cores",
]
