"""NumPy's values in a checkpoint, built anew from their bytes: NumPy's own reading of a damaged one may crash."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

_PLAIN = re.compile(r"b1|[iufcUS]\d{1,4}")
"""Types whose values are nothing but bytes: numbers and texts."""


class StoredType:
    """Stands for `numpy.dtype`."""

    def __init__(self, code: str, *_: Any) -> None:
        self.code, self.order = code, "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] in ("<", ">"):
            self.order = state[1]

    @property
    def is_objects(self) -> bool:
        """Whether its values are Python's own."""
        return str(self.code).startswith("O")

    def plain(self) -> np.dtype[Any]:
        """NumPy's type.

        Raises:
            ValueError: it is not one of numbers or texts.
        """
        if not _PLAIN.fullmatch(str(self.code)):
            raise ValueError(f"{self.code} is not a type of numbers or texts")
        return np.dtype(self.order + self.code)


class StoredArray:
    """Stands for `numpy.ndarray`."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, self.shape, self.type, self.is_fortran, self.content = state

    def value(self) -> Any:
        """The array; of objects, the list of them; None if it cannot be told."""
        try:
            if self.type.is_objects:
                return list(self.content)
            flat: Any = np.frombuffer(self.content, self.type.plain())
            return flat.reshape(self.shape, order="F" if self.is_fortran else "C").copy()
        except (TypeError, ValueError, AttributeError, MemoryError):
            return None


def stored_array(*_: Any) -> StoredArray:
    """Stands for NumPy's `_reconstruct`: an empty array, whose state follows."""
    return StoredArray()


def stored_scalar(type_: Any, content: Any) -> Any:
    """Stands for NumPy's `scalar`; None for what it cannot tell."""
    found = StoredArray()
    found.__setstate__((1, (1,), type_, False, [content] if type_.is_objects else content))
    values = found.value()
    return None if values is None else values[0]
