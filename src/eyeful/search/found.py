"""What a search found, as dataclasses: neighbours of each query, or pairs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eyeful.filenames import portable_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from eyeful.errors import ErrorKind


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An image of the file.

    Attributes:
        rank: from 1.
        cosine: of its vector and the query's, -1 to 1, six decimals.
        filename: its identity in the file.
    """

    rank: int
    cosine: float
    filename: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"rank": self.rank, "cosine": self.cosine, **_named(self.filename)}


@dataclass(frozen=True, slots=True)
class QueryResult:
    """One query, and what is nearest to it; or why it has no vector.

    Attributes:
        filename: the query's identity.
        neighbours: the nearest first; empty for an error.
        error_kind, error: what went wrong, as a kind and as one line.
        thumbnail: the query itself, small, uint8 (H, W, 3), where it was asked for.
    """

    filename: str
    neighbours: tuple[Neighbour, ...] = ()
    error_kind: ErrorKind | None = None
    error: str | None = None
    thumbnail: NDArray[np.uint8] | None = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            **_named(self.filename),
            "status": "ok" if self.error_kind is None else "error",
            "similar": [one.to_dict() for one in self.neighbours],
            "error_kind": self.error_kind,
            "error": self.error,
        }


@dataclass(frozen=True, slots=True)
class Pair:
    """Two images of the file.

    Attributes:
        rank: from 1.
        cosine: of their vectors, -1 to 1, six decimals.
        filenames: their identities; the one that stands first in the file is first.
    """

    rank: int
    cosine: float
    filenames: tuple[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"rank": self.rank, "cosine": self.cosine, "images": [_named(name) for name in self.filenames]}


def _named(filename: str) -> dict[str, str]:
    """A file name as rows have it: with its bytes beside it, where it is not valid UTF-8."""
    portable, encoded = portable_name(filename)
    return {"filename": portable} | ({"filename_b64": encoded} if encoded else {})
