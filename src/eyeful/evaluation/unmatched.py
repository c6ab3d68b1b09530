"""What is named like none of the model's labels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A folder or file whose name is none of the model's labels; its images are not scored.

    Attributes:
        name: of the folder or file.
        images: how many.
        nearest: the label spelled most alike; None without one.
    """

    name: str
    images: int
    nearest: str | None
