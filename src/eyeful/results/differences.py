"""What differs between how something was made and how it is run now, in words."""

from __future__ import annotations

from typing import Any

_DIGEST = 12
"""Digits of a digest that a message shows."""


def difference(what: str, name: str, before: Any, now: Any) -> str:
    """What differs: a digest is short, and of a preprocessing only that is said which differs.

    Args:
        what: how people call it: "the weights".
        name: its key in a classifier's provenance.
        before: its value then.
        now: its value here.
    """
    if isinstance(before, dict) and isinstance(now, dict):
        names = [key for key in {**before, **now} if before.get(key) != now.get(key)]
        return ", ".join(f"{key} was {before.get(key)}, is {now.get(key)}" for key in names)
    if name in ("weights", "labels_sha256"):
        return f"{what} were {str(before)[:_DIGEST]}, now {str(now)[:_DIGEST]}"
    flag = f" (--precision {before})" if name == "precision" else ""
    return f"{what} was {before}{flag}, now {now}"
