"""Heads of simple numbers, as `eyeful teach` might find them, shared by tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from eyeful.bundle import TaughtHead, unit_vectors

COLOURS = ("red", "green", "blue", "white")
"""Labels that mean nothing: the images of tests are taught in turn."""
TAUGHT: dict[str, Any] = {
    "images": 12,
    "labels": dict.fromkeys(COLOURS, 3),
    "left_out": {"a near copy": 1},
    "accuracy": {"right": 11, "of": 12, "share": 11 / 12, "low": 0.646, "high": 0.985},
    "ece": 0.031,
    "false_alarms": 0.05,
    "made": "2026-11-26",
}
"""What a manifest says of such a model."""


def head_of(
    features_ND: np.ndarray[Any, Any], label_N: np.ndarray[Any, Any], least_cosine: float = 0.5
) -> TaughtHead:
    """Weights by least squares on unit vectors, and the means; its logits reach from about -5 to 15."""
    unit_ND = unit_vectors(features_ND)
    targets_NK = np.eye(label_N.max() + 1, dtype=np.float32)[label_N]
    centre_D = unit_ND.mean(0)
    ridge = np.eye(unit_ND.shape[1]) * 0.1
    centred_ND = unit_ND - centre_D
    weight_DK = np.linalg.solve(
        centred_ND.T @ centred_ND + ridge, centred_ND.T @ (targets_NK - targets_NK.mean(0))
    )
    weight_KD = (20 * weight_DK.T).astype(np.float32)
    means_KD = np.stack([unit_ND[label_N == label].mean(0) for label in range(targets_NK.shape[1])])
    bias_K = (-weight_KD @ centre_D).astype(np.float32)
    return TaughtHead(weight_KD, bias_K, unit_vectors(means_KD), least_cosine, 40.0)


def in_turn(count: int, labels: int = len(COLOURS)) -> np.ndarray[Any, Any]:
    """The label of each of so many images, in turn."""
    return np.arange(count) % labels
