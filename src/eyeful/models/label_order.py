"""What every form of label file shares: which indices are a whole numbering, and the WordNet id before a name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from eyeful.types import Labels

if TYPE_CHECKING:
    from collections.abc import Sequence

WNID = re.compile(r"n[0-9]{8}")
"""A WordNet id, as ImageNet names its classes."""
_WNID_FIRST = re.compile(rf"({WNID.pattern})(?:\s*[:,;=\t]\s*|\s+|$)(.*)")
_NUMBER = re.compile(r"[0-9]{1,9}")


def number(value: object) -> int | None:
    """A whole number of JSON, or written with digits only; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return int(value)
    return None


def places(numbers: Sequence[int | None]) -> list[int] | None:
    """The place of each of N numbers if they are 0..N-1 or 1..N, once each; None if they are no such numbering."""
    whole = [one for one in numbers if one is not None]
    if len(whole) != len(numbers) or not whole:
        return None
    first = min(whole)
    if first not in (0, 1) or sorted(whole) != list(range(first, first + len(whole))):
        return None
    return [one - first for one in whole]


def in_order(entries: Sequence[tuple[str | None, str]], order: Sequence[int] | None = None) -> Labels:
    """Labels of (wnid, name), each put at its place; without an order they stand as they come.

    Where no entry has a wnid and every name begins with one, it goes where wnids go.
    """
    placed = list(entries)
    for place, entry in zip(order or [], entries, strict=False):
        placed[place] = entry
    if not any(wnid for wnid, _ in placed):
        placed = split_wnids([name for _, name in placed])
    return Labels(tuple(name for _, name in placed), tuple(wnid or None for wnid, _ in placed))


def split_wnids(texts: Sequence[str]) -> list[tuple[str | None, str]]:
    """(wnid, rest) of each text where all begin with a wnid, else (None, text); a lone wnid is its own name."""
    found = [_WNID_FIRST.fullmatch(text) for text in texts]
    if not all(found):
        return [(text if WNID.fullmatch(text) else None, text) for text in texts]
    return [(match[1], match[2].strip() or match[1]) for match in found if match]
