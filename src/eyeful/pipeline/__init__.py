"""The one path: sources → images → engine → results, joined in a `Classifier`."""

from eyeful.pipeline.classifier import Classifier
from eyeful.pipeline.cores import usable_cores
from eyeful.pipeline.limit import Stage, Waits, advice
from eyeful.pipeline.load import load, origin
from eyeful.pipeline.settings import Settings

__all__ = ["Classifier", "Settings", "Stage", "Waits", "advice", "load", "origin", "usable_cores"]
