"""Throughput and its limit: eyeful beside the textbook loop, on the same images and weights, in one run."""

from eyeful.bench.throughput import Figures, bench

__all__ = ["Figures", "bench"]
