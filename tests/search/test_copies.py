"""Copies of photographs find their originals first."""

import logging

import numpy as np
import pytest
from PIL import Image

import eyeful
from copies import COPIES, HARDER
from eyeful.bundle.head import unit_vectors
from eyeful.search import nearest

log = logging.getLogger(__name__)  # figures: --log-cli-level=info
QUICK = ("mirrored", "cropped to 80% of each side", "rotated by 5°", "JPEG quality 30")


def found_first(classifier, vector_ND, paths, places, copy) -> list[bool]:
    """Of copies of some photographs: whether the original is first among all."""
    copies = [copy(Image.open(paths[place]).convert("RGB")) for place in places]
    index_M1, _ = nearest(vector_ND, unit_vectors(classifier.features(copies)), 1)
    return (index_M1[:, 0] == places).tolist()


def test_copies_of_some_photographs_find_them(photos, lite0):
    paths = sorted((photos / "labelled").iterdir())[::6][:40]
    vector_ND = unit_vectors(lite0.features(paths))
    found = [
        found_first(lite0, vector_ND, paths, range(start, 40, len(QUICK)), COPIES[kind])
        for start, kind in enumerate(QUICK)
    ]
    assert sum(map(sum, found)) >= 39  # one copy of each


@pytest.mark.slow
def test_copies_of_all_photographs_find_them(photos):
    paths = sorted((photos / "labelled").iterdir())
    rates = {}
    with eyeful.load() as classifier:
        vector_ND = unit_vectors(classifier.features(paths))
        for kind, copy in {**COPIES, **HARDER}.items():
            rates[kind] = float(np.mean(found_first(classifier, vector_ND, paths, range(len(paths)), copy)))
            log.info("%s: %.3f", kind, rates[kind])
    assert len(paths) == 250
    assert {kind: rate for kind, rate in rates.items() if kind in COPIES and rate < 0.98} == {}
    assert min(rates.values()) > 0.9, rates
