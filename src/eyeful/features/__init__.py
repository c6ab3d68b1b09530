"""Vectors of images on disk: what `eyeful embed` writes, and reads again."""
