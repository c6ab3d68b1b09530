"""What people call a model's labels: a WordNet id, the label, a synonym of it, or a WordNet group."""

from __future__ import annotations

import difflib
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from eyeful.errors import UsageError
from eyeful.results.groups import Hierarchy, hierarchy_of

if TYPE_CHECKING:
    from eyeful.types import Labels

_WNID = re.compile(r"(?<![0-9A-Za-z])n[0-9]{8}(?![0-9A-Za-z])")
"""A WordNet id anywhere in a name."""
_ALSO = {"n02012849": "crane", "n03710721": "maillot"}
"""ImageNet has two labels of each of these names; TorchVision tells them apart by a word more ("crane bird")."""
_NUMBERED = re.compile(r"([0-9]+) (?=.*[^0-9 ])")
"""A number before a name, as data sets have: 001.tench."""
_ALIKE = 0.7
"""How alike two names are, 0 to 1, that somebody may have mixed up."""

_REMEMBERED = 10_000
"""Names whose meaning is remembered."""


class LabelNames:
    """Names → positions of one model's labels. Order and numbers say nothing.

    A WordNet id comes first, then a label or its synonyms, then a group: "dog" is any dog, where no label is
    called so. Upper and lower case, `_`, `-`, spaces, apostrophes, a number before the name and an s behind it
    do not count; but where both names have a number, as 5 euro and 1 euro, it must be the same. Of several labels
    with one name, each is meant.

    Args:
        labels: the model's.
    """

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._by_wnid: dict[str, tuple[int, ...]] = {}
        self._by_name: dict[str, tuple[int, ...]] = {}
        for index, (name, wnid) in enumerate(zip(labels.names, labels.wnids, strict=True)):
            if wnid is not None:
                _add(self._by_wnid, wnid, index)
            _add(self._by_name, folded(name), index)
        self._numbered: dict[str, dict[int, int]] = {}
        for index, name in enumerate(labels.names):
            number, rest = _split(folded(name))
            if number is not None:
                self._numbered.setdefault(rest, {})[index] = number
            if wnids := _WNID.findall(name):
                _add(self._by_wnid, wnids[0], index)
                _add(self._by_name, folded(_WNID.sub("", name)), index)
            _add(self._by_name, _ALSO.get(labels.wnids[index] or "", ""), index)
        self._synonyms: dict[str, tuple[int, ...]] = {}
        for index, name in enumerate(labels.names):
            for synonym in name.split(","):
                _add(self._synonyms, folded(synonym), index)
        self._hierarchy = hierarchy_or_none(labels)
        nodes = self._hierarchy.names if self._hierarchy is not None else ()
        self._wnids = {folded(name): wnid for name, wnid, _ in reversed(nodes)}
        self._remembered = lru_cache(_REMEMBERED)(self._positions)

    def positions(self, name: str) -> tuple[int, ...]:
        """The labels that a name means, any of which is right; empty where it means none."""
        return self._remembered(name)

    def labels(self, name: str) -> tuple[int, ...]:
        """The labels that are called so themselves."""
        return self._by_name.get(folded(name), ())

    def positions_in_file_name(self, stem: str, *, groups: bool = True) -> tuple[int, ...]:
        """The same, of the name of a file without its ending: a WordNet id in it, or all of it but digits.

        Digits alone are no name: files are counted with them. Without `groups`, a name of a label is meant.
        """
        name = without_digits(stem)
        if not name:
            return ()
        number, _ = _split(folded(stem))
        plain = name if number is None else f"{number} {name}"
        return self._remembered(stem, groups=groups) or self._remembered(plain, groups=groups)

    @property
    def has_wnids(self) -> bool:
        """Whether any label has a WordNet id."""
        return bool(self._by_wnid)

    def nearest(self, name: str) -> str | None:
        """The label whose name is most like another; None where none is alike."""
        wanted = folded(_WNID.sub("", name)) or name
        numbered = {rest: tuple(numbers) for rest, numbers in self._numbered.items()}
        by_name = self._by_name | numbered | self._synonyms
        (best,) = difflib.get_close_matches(wanted, by_name, 1, _ALIKE) or (None,)
        if best is None:
            last = set(wanted.split()[-1:])
            best = next((one for one in by_name if last & set(one.split()[-1:])), None)
        return None if best is None else self._labels.names[by_name[best][0]]

    def _positions(self, name: str, *, groups: bool = True) -> tuple[int, ...]:
        for wnid in _WNID.findall(name):
            if found := self._by_wnid.get(wnid) or self._members(wnid):
                return found
        rest = folded(_WNID.sub("", name))
        number, plain = _split(rest)
        for spelled in dict.fromkeys((rest, *_singulars(plain))):
            found = self._by_name.get(spelled) or self._without_number(spelled, number)
            if found := found or self._synonyms.get(spelled) or (self._members(spelled) if groups else ()):
                return found
        return ()

    def _without_number(self, name: str, number: int | None) -> tuple[int, ...]:
        """The labels that have a number before that name: the same, where there is one."""
        numbers = self._numbered.get(name, {})
        return tuple(index for index, own in numbers.items() if number in (None, own))

    def _members(self, name: str) -> tuple[int, ...]:
        if not name or self._hierarchy is None:
            return ()
        return self._hierarchy.members(self._wnids.get(name, name))


def hierarchy_or_none(labels: Labels) -> Hierarchy | None:
    """WordNet above a model's labels; None where it knows none of them."""
    try:
        return hierarchy_of(labels)
    except UsageError:
        return None


def folded(name: str) -> str:
    """A name without what people write differently: words in lower case, with single spaces."""
    letters = unicodedata.normalize("NFKC", name).casefold().replace("'", "").replace("\u2019", "")
    return " ".join("".join(char if char.isalnum() else " " for char in letters).split())


def without_digits(stem: str) -> str:
    """What is left of a file's name without the numbers that tell it from others: `img` of `IMG_0012 (2)`."""
    return folded(re.sub(r"[0-9]+", " ", folded(stem)))


def _split(name: str) -> tuple[int | None, str]:
    """The number before a folded name, and the name."""
    found = _NUMBERED.match(name)
    return (int(found[1]), name[found.end() :]) if found else (None, name)


def _singulars(name: str) -> list[str]:
    return [name, *(name[: -len(end)] for end in ("s", "es") if name.endswith(end))]


def _add(found: dict[str, tuple[int, ...]], name: str, index: int) -> None:
    if name and index not in found.get(name, ()):
        found[name] = (*found.get(name, ()), index)
