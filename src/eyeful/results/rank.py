"""Logits → probabilities → ranked labels."""

import numpy as np
from numpy.typing import NDArray

from eyeful.types import NONE_OF_THESE, Activation, Labels, Score


def softmax(logits: NDArray[np.float32], temperature: float = 1.0) -> NDArray[np.float32]:
    """Probabilities from raw scores: exp(logit / T) over its sum, along the last axis.

    Softmax keeps the order of the logits and depends only on their differences. A temperature above 1 flattens
    the probabilities, one below 1 sharpens them; the order stays.

    Args:
        logits: (..., K) float32.
        temperature: T, above 0.
    """
    scaled = (logits - logits.max(axis=-1, keepdims=True)) / np.float32(temperature)
    exponentials = np.exp(scaled)
    probs: NDArray[np.float32] = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return probs


def sigmoid(logits: NDArray[np.float32], temperature: float = 1.0) -> NDArray[np.float32]:
    """Probabilities from raw scores, each by itself: 1 / (1 + exp(-logit / T)).

    Args:
        logits: of any shape, float32.
        temperature: T, above 0.
    """
    probs: NDArray[np.float32] = 0.5 + 0.5 * np.tanh(logits / np.float32(2 * temperature))
    return probs


def probabilities(
    logits: NDArray[np.float32], activation: Activation, temperature: float = 1.0
) -> NDArray[np.float32]:
    """Probabilities from raw scores, as the model's activation makes them; all keep the order of the logits.

    Args:
        logits: (..., K) float32.
        activation: the model's.
        temperature: above 0; what is no logit has none.
    """
    if activation == "none":
        return logits
    return (softmax if activation == "softmax" else sigmoid)(logits, temperature)


def why_no_probabilities(logits_K: NDArray[np.float32], activation: Activation) -> str | None:
    """Why an answer cannot be given from a network's output; None where it can.

    Args:
        logits_K: float32.
        activation: the model's.
    """
    if not np.isfinite(logits_K).all():
        return "the network's answer is not finite, in fp32 either"
    if activation != "none":
        return None
    low, high = float(logits_K.min()), float(logits_K.max())
    if not 0 <= low <= high <= 1:
        found = f"no probabilities ({low:.3g} to {high:.3g})"
        return f"the network gives {found}: --activation softmax or sigmoid makes them"
    return None


def top_k(values: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """Positions of the k largest values of a vector, largest first; equal values in order of position."""
    k = min(k, len(values))
    least = np.partition(values, -k)[-k]
    candidates = np.flatnonzero(values >= least)  # a full sort would cost more than all else after the network
    return candidates[np.argsort(-values[candidates], kind="stable")[:k]]


def rank(
    logits: NDArray[np.float32],
    labels: Labels,
    k: int,
    activation: Activation = "softmax",
    temperature: float = 1.0,
) -> tuple[Score, ...]:
    """The k best labels for one image, best first.

    Args:
        logits: (K,) float32.
        labels: as many as there are logits.
        k: how many; clamped to the number of classes.
        activation: makes the probabilities.
        temperature: as for `probabilities`.
    """
    return _scores(top_k(logits, k), logits, probabilities(logits, activation, temperature), labels)


def is_guess(best: Score, least: float) -> bool:
    """Whether a best label is a guess: less probable than the least that was asked for.

    "None of these" never is: it names no label.
    """
    return best.prob < least and best.label != NONE_OF_THESE


def prediction_set(
    logits: NDArray[np.float32], labels: Labels, threshold: float, temperature: float = 1.0
) -> tuple[Score, ...]:
    """All labels for one image whose probability, by softmax, is at least a threshold, best first; none may be.

    Args:
        logits: (K,) float32.
        labels: as many as there are logits.
        threshold: 0 to 1.
        temperature: as for `probabilities`.
    """
    probs = softmax(logits, temperature)
    likely = np.flatnonzero(probs >= np.float64(threshold))
    return _scores(likely[np.argsort(-logits[likely], kind="stable")], logits, probs, labels)


def _scores(
    places: NDArray[np.intp], logits: NDArray[np.float32], probs: NDArray[np.float32], labels: Labels
) -> tuple[Score, ...]:
    return tuple(
        Score(int(i), labels.wnids[i], labels.names[i], float(probs[i]), float(logits[i])) for i in places
    )
