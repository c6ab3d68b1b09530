"""Logits → prediction."""

from eyeful.results.calibration import Calibration, Coverage, Risk, made_for, read_calibration
from eyeful.results.rank import prediction_set, probabilities, rank, softmax, top_k, why_no_probabilities

__all__ = [
    "Calibration",
    "Coverage",
    "Risk",
    "made_for",
    "prediction_set",
    "probabilities",
    "rank",
    "read_calibration",
    "softmax",
    "top_k",
    "why_no_probabilities",
]
