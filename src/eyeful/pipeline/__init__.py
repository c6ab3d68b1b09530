"""The one path: sources → images → engine → results, joined in a `Classifier`."""

from eyeful.pipeline.classifier import Classifier, Settings
from eyeful.pipeline.load import load

__all__ = ["Classifier", "Settings", "load"]
