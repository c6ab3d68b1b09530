"""Logits → prediction."""

from eyeful.results.rank import probabilities, rank, softmax, top_k, why_no_probabilities

__all__ = ["probabilities", "rank", "softmax", "top_k", "why_no_probabilities"]
