"""The one path from an item to its row: a spec, and the predictor that it opens."""

from eyeful.predictor.open import base_of, origin, request_of
from eyeful.predictor.predictor import Predictor
from eyeful.predictor.preprocess import THUMBNAIL, PreprocessedImage, Preprocessor
from eyeful.predictor.spec import PredictorSpec, check_range, pins_of

__all__ = [
    "THUMBNAIL",
    "Predictor",
    "PredictorSpec",
    "PreprocessedImage",
    "Preprocessor",
    "base_of",
    "check_range",
    "origin",
    "pins_of",
    "request_of",
]
