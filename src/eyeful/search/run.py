"""A search: queries are embedded by the model of the file, and compared with all its vectors."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from eyeful.bundle.head import unit_vectors
from eyeful.errors import UsageError
from eyeful.predictor import no_features
from eyeful.search.found import Neighbour, Pair, QueryResult
from eyeful.search.neighbours import nearest, nearest_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from eyeful.classifier import Classifier
    from eyeful.features.file import Features
    from eyeful.sources import Source
    from eyeful.types import Prediction

_QUERIES = 64
"""Queries that are compared at once."""


def search(
    classifier: Classifier, queries: Source, features: Features, k: int = 10, *, thumbnails: bool = False
) -> Iterator[QueryResult]:
    """The images of a file that are nearest to each query, in the order of the queries.

    Args:
        classifier: the one that made the file; see `search.model`.
        queries: images; one that cannot be opened gives a result with an error.
        features: the file.
        k: how many images for each query.
        thumbnails: a small image of each query on its result.

    Raises:
        UsageError: the file holds no vectors, k is below 1, or the model has none.
        EngineError: the engine failed.
    """
    if not len(features.vector_ND):
        raise UsageError("the file holds no vectors: none of its images could be embedded")
    with closing(classifier.stream(queries, topk=1, thumbnails=thumbnails)) as rows:
        while some := tuple(islice(rows, 1 if queries.live else _QUERIES)):
            if any(row.ok and row.features is None for row in some):
                raise no_features(classifier.predictor)
            yield from _results(some, features, k)


def similar_pairs(features: Features, n: int, on_rows: Callable[[int], None] = lambda _: None) -> list[Pair]:
    """The n most alike pairs of images of a file, the most alike first; see `nearest_pairs`.

    Raises:
        UsageError: the file holds fewer than two vectors, or n is below 1.
    """
    if len(features.vector_ND) < 2:
        raise UsageError("the file holds fewer than two vectors, which are no pair")
    pair_P2, cosine_P = nearest_pairs(features.vector_ND, n, on_rows)
    names = features.filenames
    ranked = enumerate(zip(pair_P2.tolist(), cosine_P.tolist(), strict=True), 1)
    return [Pair(rank, cosine, (names[one], names[other])) for rank, ((one, other), cosine) in ranked]


def _results(rows: Sequence[Prediction], features: Features, k: int) -> Iterator[QueryResult]:
    vectors = [row.features for row in rows if row.features is not None]
    ranked: Iterator[tuple[Neighbour, ...]] = iter(_neighbours(np.stack(vectors), features, k) if vectors else ())
    for row in rows:
        yield QueryResult(row.filename, next(ranked) if row.ok else (), row.error_kind, row.error, row.thumbnail)


def _neighbours(vectors_MD: NDArray[np.float32], features: Features, k: int) -> Iterator[tuple[Neighbour, ...]]:
    """The neighbours of each of some queries."""
    index_MK, cosine_MK = nearest(features.vector_ND, unit_vectors(vectors_MD), k)
    for places, cosines in zip(index_MK.tolist(), cosine_MK.tolist(), strict=True):
        ranked = enumerate(zip(places, cosines, strict=True), 1)
        yield tuple(Neighbour(rank, cosine, features.filenames[place]) for rank, (place, cosine) in ranked)
