"""Vectors of images on disk: what `eyeful embed` writes, and reads again."""

from eyeful.features.file import Features, read_features

__all__ = ["Features", "read_features"]
