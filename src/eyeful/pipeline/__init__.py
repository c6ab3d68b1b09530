"""The one path: sources → images → engine → results, joined in a `Classifier`."""

from eyeful.pipeline.classifier import Classifier
from eyeful.pipeline.load import load
from eyeful.pipeline.settings import Settings

__all__ = ["Classifier", "Settings", "load"]
