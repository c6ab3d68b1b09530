"""A head that was taught: it makes logits of a frozen network's features, as the network's own last layer did.

unit_ND = features_ND / |features_ND|. Of label k: logit = unit · weight_k + bias_k. The last logit is that of
"none of these": the largest of the others + slope · (least_cosine - nearest), where nearest is the largest cosine
between the image's vector and the mean of a label's. So it is the best exactly where an image is less like every
label than `least_cosine`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from eyeful.errors import BundleError, ModelError

HEAD = "head.npz"
"""A bundle's file with the head that was taught, whatever its engine; the engine's own files hold it too."""
LEAST_LENGTH = 1e-12
"""Shorter vectors are not made longer than they are: a vector of zeros stays one."""


@dataclass(frozen=True, slots=True, eq=False)
class TaughtHead:
    """The numbers of a head, float32, the temperature divided out of weight and bias already.

    Attributes:
        weight_KD: of K labels, for vectors of unit length.
        bias_K: the same.
        mean_KD: the mean vector of each label's images, of unit length.
        least_cosine: what is less like every mean is none of the labels.
        slope: of the logit of "none of these", above 0.
    """

    weight_KD: NDArray[np.float32]
    bias_K: NDArray[np.float32]
    mean_KD: NDArray[np.float32]
    least_cosine: float
    slope: float

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits of features, as every engine's file computes them.

        Args:
            features: (..., D) float32, of any length.

        Returns:
            (..., K + 1): of the labels, and of "none of these".
        """
        unit = unit_vectors(features)
        logits = unit @ self.weight_KD.T + self.bias_K
        nearest = (unit @ self.mean_KD.T).max(axis=-1, keepdims=True)
        none = logits.max(axis=-1, keepdims=True) + np.float32(self.slope) * (
            np.float32(self.least_cosine) - nearest
        )
        return np.concatenate([logits, none], axis=-1).astype(np.float32)

    def check_fits(self, length: int | None, title: str) -> None:
        """See that it takes the vectors of a network.

        Args:
            length: D, of the network's vectors; None where it gives none.
            title: the network's.

        Raises:
            ModelError: it does not.
        """
        if length is None:
            raise ModelError(
                f"{title} cannot be taught: it does not end in a linear layer, so it has no vector of an image; "
                "choose another model"
            )
        if length != self.weight_KD.shape[1]:
            raise ModelError(
                f"{title} gives vectors of {length} numbers, the head takes {self.weight_KD.shape[1]}"
            )

    @property
    def sha256(self) -> str:
        """A digest of its numbers."""
        digest = hashlib.sha256()
        for field in fields(self):
            digest.update(np.ascontiguousarray(getattr(self, field.name), "<f4").tobytes())
        return digest.hexdigest()

    def write(self, path: Path) -> None:
        """Write the file.

        Raises:
            OSError: it cannot be written.
        """
        np.savez(path, **{field.name: np.asarray(getattr(self, field.name), np.float32) for field in fields(self)})  # type: ignore[arg-type]

    @classmethod
    def read(cls, path: Path) -> Self:
        """The inverse of `write`.

        Raises:
            BundleError: it cannot be read, or is no such file.
        """
        try:
            with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                found = {field.name: file[field.name] for field in fields(cls)}
            head = cls(**(found | {name: float(found[name]) for name in ("least_cosine", "slope")}))
        except (OSError, EOFError, BadZipFile, ValueError, KeyError, TypeError) as error:
            raise BundleError(f"{path} is no head that eyeful has taught ({error})") from error
        labels, length = head.weight_KD.shape[0], head.weight_KD.shape[-1]
        if head.weight_KD.shape != head.mean_KD.shape or head.bias_K.shape != (labels,) or not length:
            raise BundleError(f"{path} is no head that eyeful has taught: its shapes do not fit each other")
        return head


def unit_vectors(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors (..., D) at unit length."""
    lengths = np.linalg.norm(features, axis=-1, keepdims=True)
    unit: NDArray[np.float32] = features / np.maximum(lengths, np.float32(LEAST_LENGTH))
    return unit.astype(np.float32)
