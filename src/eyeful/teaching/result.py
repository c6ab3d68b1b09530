"""What teaching found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eyeful.evaluation.result import Evaluation, plain


@dataclass(frozen=True, slots=True)
class Taught:
    """A model that was taught, and how good it is. Fields are those of its JSON.

    Attributes:
        model: its title.
        output: the folder of its bundle.
        labels: the K labels, without "none of these".
        images_of: how many images of each were taught.
        left_out: images that were not, by the reason: in words, or a kind of error.
        near_copies: images beyond the first of each group of near copies; a group is in one fold.
        cross_validated: the answers that heads gave to images that they did not know. The interval of its `top1`
            is that of as many new images; that of others is as in every evaluation.
        false_alarms: the share of the images that were answered "none of these" in cross-validation.
        test: of the bundle, on images that were not taught; None without any.
        outsiders: how many `images` of no label there were, and how many were `flagged`: answered "none of these";
            None without any.
        manifest: what the bundle's manifest says of it.
    """

    model: str
    output: Path
    labels: tuple[str, ...]
    images_of: Mapping[str, int]
    left_out: Mapping[str, int]
    near_copies: int
    cross_validated: Evaluation
    false_alarms: float
    test: Evaluation | None
    outsiders: Mapping[str, int] | None
    manifest: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, numbers to seven digits."""
        found: dict[str, Any] = {
            name: getattr(self, name) for name in ("model", "labels", "images_of", "left_out", "near_copies")
        }
        found |= {
            "output": str(self.output),
            "cross_validated": self.cross_validated.to_dict(),
            "false_alarms": self.false_alarms,
            "test": None if self.test is None else self.test.to_dict(),
            "outsiders": self.outsiders,
            "taught": self.manifest,
        }
        result: dict[str, Any] = plain(found)
        return result
