"""What a manifest says of a model that was taught, for people."""

from __future__ import annotations

from typing import Any

from eyeful.types import NONE_OF_THESE
from eyeful.wording import counted_percent, percent

_MOST_LABELS = 8
"""Of so many labels each one's images are counted."""


def taught_lines(taught: dict[str, Any]) -> tuple[str, ...]:
    """One line for each fact that is known; a manifest may lack any but the frozen network's name."""
    images: dict[str, int] = taught.get("labels") or {}
    begin = f"{len(images)} labels from {taught['images']} images, " if images and "images" in taught else ""
    made = f"; made {taught['made']}" if taught.get("made") else ""
    return (
        f"{begin}on the frozen network of {taught['base']}{made}",
        *([_each(images)] if images else []),
        *(f"{count} left out: {reason}" for reason, count in (taught.get("left_out") or {}).items()),
        *_accuracy(taught.get("accuracy")),
        *_rest(taught),
    )


def _each(images: dict[str, int]) -> str:
    if len(images) > _MOST_LABELS:
        return f"{min(images.values())} to {max(images.values())} images of each label"
    return ", ".join(f"{label} {count}" for label, count in images.items())


def _accuracy(found: dict[str, Any] | None) -> list[str]:
    if not found:
        return []
    interval = f" (of new images {percent(found['low'])} to {percent(found['high'])})" if "low" in found else ""
    counts = f"{found['right']} of {found['of']} right"
    return [f"accuracy {counted_percent(found['share'])}{interval}, cross-validated: {counts}"]


def _rest(taught: dict[str, Any]) -> list[str]:
    lines = []
    if taught.get("ece") is not None:
        lines.append(f"its probabilities are off by {100 * taught['ece']:.1f} points on average")
    if taught.get("false_alarms") is not None:
        lines.append(
            f"of images of its labels {counted_percent(taught['false_alarms'])} were called {NONE_OF_THESE!r}"
        )
    return lines
