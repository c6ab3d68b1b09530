"""Logits → prediction."""

from eyeful.results.rank import probabilities, rank, softmax, top_k

__all__ = ["probabilities", "rank", "softmax", "top_k"]
