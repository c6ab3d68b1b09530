"""Patterns: what a glob matches, and what braces stand for, is taken as if it had been named."""

import glob
import os
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from eyeful.errors import UsageError
from eyeful.sources import folder
from eyeful.sources.base import Search, SourceKind, refused
from eyeful.sources.system_files import SYSTEM_FILE, in_system_folder, is_system_file, needs_head
from eyeful.types import Item

_BRACES = re.compile(r"(?<!\$)\{([^{}]*)\}")
_RANGE = re.compile(r"(-?\d+|[A-Za-z])\.\.(-?\d+|[A-Za-z])(?:\.\.(-?\d+))?")
_STARS = re.compile(r"\*{2,}")
"""Within a name they are one, as for the shell; Python refused them before 3.13."""
MOST_NAMES = 1_000_000
"""Names that one range in braces may stand for."""


def is_pattern(text: str | Path) -> bool:
    """Whether it has a wildcard and no file has that very name."""
    return glob.has_magic(str(text)) and not os.path.lexists(text)


def has_braces(text: str | Path) -> bool:
    """Whether it has braces with a choice or a range, and no file has that very name."""
    found = any("," in part or _range_of(part) is not None for part in _BRACES.findall(str(text)))
    return found and not os.path.lexists(text)


def _matches(text: str | Path, search: Search, ignored: Counter[str]) -> Iterator[Item | str | Path]:
    """What a pattern matches, sorted, each once; the pattern itself, as a missing file, when it matches nothing.

    Folders within a folder that matched, and files within it that match themselves, are not known a second time.
    """
    base, pattern = _divided(Path(text))
    found = sorted(set(base.glob(pattern)))
    if not found:
        yield refused(str(text), "not_found", "no file matches this pattern")
    folders = {path for path in found if folder.is_folder(path)}
    files = frozenset(found) - folders
    for path in found:
        if _is_left_by_system(path, base, pattern):
            if path not in folders:
                ignored[SYSTEM_FILE] += 1
        elif path not in folders:
            yield path
        elif not (search.recursive and any(parent in folders for parent in path.parents)):
            yield from folder.items(path, search, ignored, exclude=files)


def _divided(pattern: Path) -> tuple[Path, str]:
    """Where to search, and for what: parts that exist as they are written are no patterns.

    A last `**` stands for folders: from Python 3.13 on it would match files too.
    """
    base, rest = Path(), list(pattern.parts)
    while len(rest) > 1 and (not glob.has_magic(rest[0]) or os.path.lexists(base / rest[0])):
        base /= rest.pop(0)
    within = Path(*(part if part == "**" else _STARS.sub("*", part) for part in rest))
    return base, f"{within}{os.sep}" if rest[-1] == "**" else str(within)


def _is_left_by_system(path: Path, base: Path, pattern: str) -> bool:
    """Whether a match is what a system left there, and not asked for: `._*.jpg` asks for it."""
    if in_system_folder(path.relative_to(base).parts):
        return True
    if pattern.rpartition(os.sep)[2].startswith("."):
        return False
    return is_system_file(path.name, folder.first_bytes(path) if needs_head(path.name) else None)


def _expanded(text: str | Path, _: Search, __: Counter[str]) -> Iterator[str | Path]:
    """The names that braces stand for, in the shell's order, each once."""
    known: set[str] = set()
    for name in expand_braces(str(text)):
        if name not in known:
            known.add(name)
            yield type(text)(name)


def expand_braces(text: str) -> Iterator[str]:
    """`{a,b}` and `{000..002}` as the shell expands them: every name, whether there is such a file or not.

    Raises:
        UsageError: a range of more names than anybody means.
    """
    for match in _BRACES.finditer(text):
        alternatives = _alternatives(match[1])
        if alternatives is not None:
            head, tail = text[: match.start()], text[match.end() :]
            return chain.from_iterable(expand_braces(head + one + tail) for one in alternatives)
    return iter((text,))


def _alternatives(inner: str) -> Iterator[str] | None:
    """What stands between braces; None where it is plain text."""
    span = _range_of(inner)
    if span is None:
        return iter(inner.split(",")) if "," in inner else None
    letters = span[1].isalpha()
    first, last = (ord(end) if letters else int(end) for end in span.group(1, 2))
    step = max(1, abs(int(span[3] or 1)))
    if abs(last - first) // step >= MOST_NAMES:
        raise UsageError(f"{{{inner}}} stands for more than {MOST_NAMES:,} names; write a smaller range")
    numbers = range(first, last + 1, step) if first <= last else range(first, last - 1, -step)
    if letters:
        return map(chr, numbers)
    padded = any(re.match(r"-?0\d", end) for end in span.group(1, 2))
    width = max(map(len, span.group(1, 2))) if padded else 0
    return (f"{number:0{width}d}" for number in numbers)


def _range_of(inner: str) -> re.Match[str] | None:
    span = _RANGE.fullmatch(inner)
    return span if span is not None and span[1].isalpha() == span[2].isalpha() else None


SOURCE = SourceKind(is_pattern, _matches, priority=10, expands=True)
BRACES = SourceKind(has_braces, _expanded, priority=80, expands=True)
