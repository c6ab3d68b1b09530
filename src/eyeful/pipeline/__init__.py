"""The one path: sources → images → engine → results, joined in a `Classifier`."""

from eyeful.cpu import usable_cores
from eyeful.pipeline.base import SupportsStream
from eyeful.pipeline.bottleneck import Stage, StageTimer, advice
from eyeful.pipeline.classifier import Classifier
from eyeful.pipeline.load import load, origin
from eyeful.pipeline.preprocess import PreprocessedImage
from eyeful.pipeline.settings import Settings
from eyeful.pipeline.watchdog import MAX_TICKS

__all__ = [
    "MAX_TICKS",
    "Classifier",
    "PreprocessedImage",
    "Settings",
    "Stage",
    "StageTimer",
    "SupportsStream",
    "advice",
    "load",
    "origin",
    "usable_cores",
]
