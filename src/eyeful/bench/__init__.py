"""Throughput and its limit: eyeful beside the textbook loop, on the same pictures and weights, in one run."""

from eyeful.bench.throughput import Figures, bench

__all__ = ["Figures", "bench"]
