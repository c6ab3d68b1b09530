"""Folds: which images are answered together, by a head that was taught all others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST, MOST_OF_MANY = 10, 5
_MANY = 1000


def folds_of(label_N: NDArray[np.intp], group_N: NDArray[np.intp]) -> NDArray[np.intp]:
    """Deal groups into folds, so that each fold has its share of every label and no group is in two.

    There are 10 folds, or 5 of more than 1,000 images, where a fifth less changes little; or as many as the label
    with the fewest groups has. Larger groups are dealt first, each to the fold that has the fewest images of its
    labels, then the fewest images. A group may hold images of several labels, so that a fold may end up with all
    images of one, of which the others could teach nothing: then a group of these becomes a fold by itself.

    Args:
        label_N: the labels' positions, 0 to K - 1.
        group_N: the groups' numbers; every label is in two or more.

    Returns:
        intp (N,), from 0.
    """
    labels = int(label_N.max()) + 1
    groups = int(group_N.max()) + 1
    counts_GK = np.zeros((groups, labels), np.intp)
    np.add.at(counts_GK, (group_N, label_N), 1)
    number = max(2, min(MOST if len(label_N) <= _MANY else MOST_OF_MANY, int((counts_GK > 0).sum(axis=0).min())))
    held_FK = np.zeros((number, labels), np.intp)
    fold_G = np.zeros(groups, np.intp)
    label_G = counts_GK.argmax(axis=1)
    for group in np.lexsort((np.arange(groups), label_G, -counts_GK.sum(axis=1))):
        own = counts_GK[group]
        fold = int(np.lexsort((np.arange(number), held_FK.sum(axis=1), held_FK @ own))[0])
        fold_G[group] = fold
        held_FK[fold] += own
    return _without_whole_labels(fold_G, counts_GK)[group_N]


def _without_whole_labels(fold_G: NDArray[np.intp], counts_GK: NDArray[np.intp]) -> NDArray[np.intp]:
    """The same, with more folds where one holds all groups of a label, which are two or more."""
    fold_G = fold_G.copy()
    for label in range(counts_GK.shape[1]):
        (groups,) = np.nonzero(counts_GK[:, label])
        if len(np.unique(fold_G[groups])) == 1:
            fold_G[groups[counts_GK[groups].sum(axis=1).argmin()]] = fold_G.max() + 1  # the smallest
    return np.unique(fold_G, return_inverse=True)[1]
