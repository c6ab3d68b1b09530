"""Standard input: a name on each line, as `find photos -name '*.jpg' | eyeful predict -` gives them."""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from eyeful.sources.base import SourceKind
from eyeful.sources.listing import named
from eyeful.types import Item


def _is_stdin(text: str | Path) -> bool:
    return text == "-"


def _items(text: str | Path, *, recursive: bool, ignored: Counter[str]) -> Iterator[Item]:
    del text, recursive, ignored
    for line in sys.stdin.buffer:
        name = os.fsdecode(line.rstrip(b"\r\n"))
        if name.strip():
            yield named(name)


SOURCE = SourceKind(_is_stdin, _items, priority=50, countable=False, repeatable=False)
