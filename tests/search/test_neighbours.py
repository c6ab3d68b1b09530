"""The nearest vectors and pairs: the same as brute force, whatever is equal, and however the work is divided."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eyeful.errors import UsageError
from eyeful.search import nearest, nearest_pairs, neighbours

LENGTH = 16
"""Of exact vectors: entries of plus or minus a quarter make them unit vectors, and their cosines have no rounding."""
DIVIDED = {
    "at once": {},
    "row by row": {"_STRIP": 1, "_PIECE": 1, "_ROWS": 1},
    "in strips": {"_STRIP": 30, "_PIECE": 20, "_ROWS": 3},
    "by product": {"_STRIP": 100, "_PIECE": 40, "_ROWS": 4, "_MANY": 2},
}
"""Bounds of the module, so small that few vectors are divided too."""


@pytest.fixture(params=DIVIDED, scope="module", autouse=True)
def divided(request):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in DIVIDED[request.param].items():
            patch.setattr(neighbours, name, value)
        yield


@st.composite
def exact_vectors(draw, most=24):
    """Unit vectors of few kinds, so that many are equal, and cosines too."""
    kinds = draw(st.lists(st.integers(0, 2**LENGTH - 1), min_size=1, max_size=6))
    rows = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=most))
    signs = (np.array(rows)[:, None] >> np.arange(LENGTH)) & 1
    return np.where(signs, 0.25, -0.25).astype(np.float32)


def unit_rows(random, count: int, length: int):
    rows = random.standard_normal((count, length))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def cosines_of(left_MD, right_ND):
    return np.round(left_MD.astype(float) @ right_ND.astype(float).T, 6).clip(-1, 1)


def by_brute_force(vector_ND, query_MD, k):
    """Every cosine, sorted."""
    ranked = [
        sorted((-cosine, place) for place, cosine in enumerate(row))[:k] for row in cosines_of(query_MD, vector_ND)
    ]
    return [[place for _, place in row] for row in ranked], [[-cosine for cosine, _ in row] for row in ranked]


def pairs_by_brute_force(vector_ND, n):
    cosines = cosines_of(vector_ND, vector_ND)
    ranked = sorted((-cosines[pair], pair) for pair in combinations(range(len(vector_ND)), 2))[:n]
    return [list(pair) for _, pair in ranked], [-cosine for cosine, _ in ranked]


@settings(deadline=None, max_examples=50)
@given(exact_vectors(), exact_vectors(5), st.integers(1, 30))
def test_nearest_are_those_of_brute_force_equal_ones_by_position(vectors, queries, k):
    index_MK, cosine_MK = nearest(vectors, queries, k)
    assert index_MK.shape == cosine_MK.shape == (len(queries), min(k, len(vectors)))
    assert (index_MK.tolist(), cosine_MK.tolist()) == by_brute_force(vectors, queries, k)


@settings(deadline=None, max_examples=50)
@given(exact_vectors(), st.integers(1, 40))
def test_pairs_are_those_of_brute_force_equal_ones_by_position(vectors, n):
    pair_P2, cosine_P = nearest_pairs(vectors, n)
    assert pair_P2.shape == (len(cosine_P), 2)
    assert (pair_P2.tolist(), cosine_P.tolist()) == pairs_by_brute_force(vectors, n)


@pytest.mark.parametrize("spread", [1.0, 1e-2, 1e-4, 1e-6])
def test_vectors_that_hardly_differ(spread):
    """Float32 products cannot tell them apart: their order is that of float64, to six decimals."""
    random = np.random.default_rng(3)
    rows = random.standard_normal(300) + spread * random.standard_normal((60, 300))
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    found = nearest(vectors, vectors[:7], 9)
    assert (found[0].tolist(), found[1].tolist()) == by_brute_force(vectors, vectors[:7], 9)
    pairs = nearest_pairs(vectors, 25)
    assert (pairs[0].tolist(), pairs[1].tolist()) == pairs_by_brute_force(vectors, 25)


def test_an_image_of_the_file_finds_itself_first():
    vectors = unit_rows(np.random.default_rng(0), 50, 64)
    index_MK, cosine_MK = nearest(vectors, vectors, 1)
    assert index_MK[:, 0].tolist() == list(range(50))
    assert (cosine_MK == 1).all()


def test_progress_counts_every_vector_that_has_others_behind_it():
    counted: list[int] = []
    nearest_pairs(unit_rows(np.random.default_rng(1), 30, 8), 5, counted.append)
    assert sum(counted) in (29, 30)  # the last has nothing behind it


def test_nothing_to_find():
    none, one = np.empty((0, 4), np.float32), np.eye(1, 4, dtype=np.float32)
    assert nearest(none, one, 3)[0].shape == (1, 0)
    assert nearest(one, none, 3)[0].shape == (0, 1)
    assert nearest_pairs(none, 3)[0].shape == nearest_pairs(one, 3)[0].shape == (0, 2)


def test_a_file_that_is_mapped_is_searched_as_it_is(tmp_path):
    vectors = unit_rows(np.random.default_rng(2), 40, 32)
    np.save(tmp_path / "vectors.npy", vectors)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    assert nearest(mapped, vectors[:3], 4)[0].tolist() == nearest(vectors, vectors[:3], 4)[0].tolist()
    assert nearest_pairs(mapped, 4)[0].tolist() == nearest_pairs(vectors, 4)[0].tolist()


def test_what_does_not_fit_is_refused():
    vectors = unit_rows(np.random.default_rng(2), 4, 8)
    with pytest.raises(UsageError, match="0 is no number of images"):
        nearest(vectors, vectors, 0)
    with pytest.raises(UsageError, match="-1 is no number of images"):
        nearest_pairs(vectors, -1)
    with pytest.raises(UsageError, match="8 numbers, the queries 4: two models made them"):
        nearest(vectors, vectors[:, :4], 1)
    with pytest.raises(UsageError, match=r"the queries are float64 \(4, 8\), not float32"):
        nearest(vectors, vectors.astype(float), 1)
