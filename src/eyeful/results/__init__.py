"""Logits → prediction."""

from eyeful.results.calibration import Calibration, Coverage, Risk, made_for, read_calibration
from eyeful.results.groups import Hierarchy, hierarchy_for, hierarchy_of
from eyeful.results.rank import (
    is_guess,
    prediction_set,
    probabilities,
    rank,
    softmax,
    top_k,
    why_no_probabilities,
)

__all__ = [
    "Calibration",
    "Coverage",
    "Hierarchy",
    "Risk",
    "hierarchy_for",
    "hierarchy_of",
    "is_guess",
    "made_for",
    "prediction_set",
    "probabilities",
    "rank",
    "read_calibration",
    "softmax",
    "top_k",
    "why_no_probabilities",
]
