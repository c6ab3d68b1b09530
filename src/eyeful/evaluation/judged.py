"""One image whose right labels are known, beside the answer to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eyeful.errors import ErrorKind
    from eyeful.types import Group, Score


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One image.

    Attributes:
        filename: the identity.
        right: positions of the labels that are right, any of which counts; empty where none of the model's is.
        top: the ranked scores, best first; empty for an error.
        abstained: the model's answer was "unsure".
        rank: 1 where a right label comes first; None where none is in a `top` that is all there is.
        right_prob: the right labels' probabilities together, 0 to 1; None where not all are known.
        brier: (1 - right_prob) squared, plus the squares of all other labels' probabilities; None likewise.
        group: the answer's group; None where none was asked for, or none holds enough.
        group_right: whether that group holds a right label; None without a group.
        error_kind, error: as in rows.
    """

    filename: str
    right: tuple[int, ...] = ()
    top: tuple[Score, ...] = ()
    abstained: bool = False
    rank: int | None = None
    right_prob: float | None = None
    brier: float | None = None
    group: Group | None = None
    group_right: bool | None = None
    error_kind: ErrorKind | None = None
    error: str | None = None
