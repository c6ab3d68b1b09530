"""Logits → prediction."""

from eyeful.results.groups import Hierarchy, hierarchy_for, hierarchy_of
from eyeful.results.rank import probabilities, rank, softmax, top_k, why_no_probabilities

__all__ = [
    "Hierarchy",
    "hierarchy_for",
    "hierarchy_of",
    "probabilities",
    "rank",
    "softmax",
    "top_k",
    "why_no_probabilities",
]
