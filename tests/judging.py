"""Judged images made of logits, for tests."""

import numpy as np

from eyeful.evaluation.judged import Judged
from eyeful.types import Labels, Score


def probs_of(logits_NK):
    """Softmax in float64."""
    shifted = np.exp(logits_NK.astype(np.float64) - logits_NK.max(1, keepdims=True))
    return shifted / shifted.sum(1, keepdims=True)


def judged_of(probs_NK, rights, labels: Labels, topk=5, filenames=None, *, plain=False):
    """Judged images with every right label's probability; `plain` ones as `topk` ranked labels tell them."""
    found = []
    for number, (probs, right) in enumerate(zip(probs_NK, rights, strict=True)):
        order = np.argsort(-probs, kind="stable")
        ranks = np.flatnonzero(np.isin(order, right)) + 1
        top = tuple(
            Score(int(index), labels.wnids[index], labels.names[index], float(probs[index]), 0.0)
            for index in order[:topk]
        )
        right_prob = float(probs[list(right)].sum())
        others = np.delete(probs, list(right))
        rank = int(ranks[0])
        known = not plain or all(label in order[:topk] for label in right)
        found.append(
            Judged(
                filenames[number] if filenames else f"{number}.jpg",
                tuple(right),
                top,
                rank=rank if not plain or rank <= topk else None,
                right_prob=right_prob if known else None,
                brier=None if plain else float((1 - right_prob) ** 2 + (others**2).sum()),
            )
        )
    return found


def labels_of(number: int) -> Labels:
    """Labels without WordNet ids: "label 0", ..."""
    return Labels(tuple(f"label {index}" for index in range(number)), (None,) * number)
