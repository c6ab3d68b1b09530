"""The vector of an image, which is what the last layer makes logits of: how long it is, or why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eyeful.errors import UsageError
from eyeful.models.local import is_graph

if TYPE_CHECKING:
    from eyeful.predictor.predictor import Predictor


def vector_size(predictor: Predictor) -> int:
    """How many numbers the features of an image are. The network runs once to find out.

    Raises:
        UsageError: it gives none.
        EngineError: the engine failed.
    """
    image_NHWC = np.zeros((1, *predictor.preprocessing.size, 3), np.uint8)
    features_ND = predictor.forward(image_NHWC).result().features_ND
    if features_ND is None:
        raise no_features(predictor)
    return int(features_ND.shape[1])


def no_features(predictor: Predictor) -> UsageError:
    """The error that says why a network gives no features."""
    title = predictor.manifest.title
    if is_graph(predictor.spec.model):
        why = "a file gives scores alone; name the model that it was made of, or a bundle (`eyeful export`)"
    else:
        why = "it does not end in a linear layer; choose another model"
    return UsageError(f"{title} has no features: {why}")
