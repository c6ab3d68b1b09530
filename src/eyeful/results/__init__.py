"""Logits → prediction."""

from eyeful.results.rank import rank, softmax, top_k

__all__ = ["rank", "softmax", "top_k"]
