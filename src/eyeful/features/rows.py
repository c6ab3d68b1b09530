"""What stands beside a vector: whose it is, and why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eyeful.bundle.head import unit_vectors
from eyeful.filenames import portable_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from eyeful.types import Prediction


def names_of(prediction: Prediction) -> dict[str, Any]:
    """The columns beside a vector, as plain JSON values."""
    filename, encoded = portable_name(prediction.filename)
    row = {"filename": filename} | ({"filename_b64": encoded} if encoded else {})
    return row | {"status": prediction.status, "error_kind": prediction.error_kind, "error": prediction.error}


def vector_of(prediction: Prediction) -> NDArray[np.float32] | None:
    """The vector of an image, float32 (D,), of unit length; None for an error.

    Raises:
        AssertionError: the model has none, which is asked before anything is classified.
    """
    if not prediction.ok:
        return None
    assert prediction.features is not None  # noqa: S101 - see `predictor.vector_size`
    return unit_vectors(prediction.features)
