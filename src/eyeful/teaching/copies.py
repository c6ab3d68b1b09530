"""Near copies among labelled images: mirrored, cropped or re-compressed ones, and frames of one scene.

A head that was taught an image would answer its copy too well, so copies are in one fold of a cross-validation.
No cosine means "a copy" in every set of images: of photographs of different things the nearest two had 0.58, and
nearly all hand-written digits have another image above 0.92. So the distance, 1 - cosine, is measured by how far
images are from the nearest one of another label, which cannot be a copy, and how far images of one label are from
each other. Below a third of the smaller of the two, at least 98 % of mirrored, cropped (to 80 %), rotated (5
degrees) and re-compressed copies of 250 photographs were found, and no two different ones; of 1,797 digits, drawn
alike by many people, 13 pairs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SHARE = 1 / 3
"""Of the distance between images that are no copies: what is nearer is one."""
FARTHEST = 0.25
"""Never a copy, whatever the labels are."""
SAME, SAME_SHARE = 1e-3, 1 / 24
"""The same image, saved again: within this distance, and within this share of that to another label's nearest."""
_SAMPLE, _CHUNK = 2048, 1024
_PRODUCTS = 1 << 22
"""Cosines that are compared at once."""


def groups_of(unit_ND: NDArray[np.float32], label_N: NDArray[np.intp]) -> NDArray[np.intp]:
    """Number the groups of images that are copies of each other; an image without one is a group by itself.

    A copy of a copy is a copy, so a chain of images that are alike could make one group of a whole label. A group
    that holds more than half of a label's images is therefore divided again with half the distance, down to
    that of the same image. So it may be that every image of a label is in one group, but only if all are the same.

    Args:
        unit_ND: float32, of unit length.
        label_N: the labels' positions.

    Returns:
        intp (N,), numbered in the order of their first images.
    """
    nearest, own = _usual_distances(unit_ND, label_N)
    same = min(SAME, SAME_SHARE * nearest)
    group_N = np.zeros(len(unit_ND), np.intp)
    sizes = np.bincount(label_N)
    todo = [(np.arange(len(unit_ND)), max(same, min(FARTHEST, SHARE * min(nearest, own))))]
    found = 0
    while todo:
        members, distance = todo.pop()
        parts = _components(unit_ND[members], distance)
        for part in range(parts.max(initial=-1) + 1):
            inside = members[parts == part]
            large = bool((2 * np.bincount(label_N[inside], minlength=len(sizes)) > sizes).any())
            if large and distance > same and len(inside) > 1:
                todo.append((inside, max(same, distance / 2)))
            else:
                group_N[inside] = found
                found += 1
    _, first_N, number_N = np.unique(group_N, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first_N))[number_N]


def _usual_distances(unit_ND: NDArray[np.float32], label_N: NDArray[np.intp]) -> tuple[float, float]:
    """To the nearest image of another label, and between images of one label: medians, of 2,048 images at most."""
    sample = np.unique(np.linspace(0, len(unit_ND) - 1, _SAMPLE).astype(np.intp))
    nearest: list[float] = []
    own: list[float] = []
    for begin in range(0, len(sample), _CHUNK):
        rows = sample[begin : begin + _CHUNK]
        cosine = unit_ND[rows] @ unit_ND.T
        same = label_N[rows][:, None] == label_N[None]
        nearest += (1 - np.where(same, -1, cosine).max(axis=1)).tolist()
        own += [float(np.median(1 - row[label])) for row, label in zip(cosine, same, strict=True)]
    return float(np.median(nearest)), float(np.median(own))


def _components(unit_ND: NDArray[np.float32], distance: float) -> NDArray[np.intp]:
    """Which images hang together by distances below one: a number for each, from 0.

    Some rows are compared at once, and what hangs together is one from then on: where all images are alike, there
    are N^2 / 2 pairs.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    number_N = np.arange(len(unit_ND))
    at_once = max(1, _PRODUCTS // max(1, len(unit_ND)))
    for begin in range(0, len(unit_ND), at_once):
        row, column = np.nonzero(unit_ND[begin : begin + at_once] @ unit_ND[begin:].T > 1 - distance)
        pairs = number_N[row + begin], number_N[column + begin]
        parts = int(number_N.max()) + 1
        near = coo_array((np.ones(len(row), np.float32), pairs), shape=(parts, parts))  # a sum that is never 0
        number_N = connected_components(near, directed=False)[1].astype(np.intp)[number_N]
    return number_N
