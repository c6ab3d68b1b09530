"""What is similar: the nearest vectors of a file of features, and a report of them."""

from eyeful.search.neighbours import nearest, nearest_pairs

__all__ = ["nearest", "nearest_pairs"]
