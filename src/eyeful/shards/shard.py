"""Inputs → shards: so many items each, in order; an archive or a video is a shard of its own."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from eyeful.filenames import portable_name
from eyeful.sources import Search, Undivided, items_of_name
from eyeful.sources.video import Every
from eyeful.types import Item

SHARD_ROWS = 1000
"""Items in a shard: what is made again, at most, when its process dies."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A piece of a run; it can be sent to another process.

    Attributes:
        number: its place, from 0; rows come in the order of shards.
        items: what it holds; or one item whose content is `Undivided`.
        search: how that is opened.
    """

    number: int
    items: tuple[Item, ...]
    search: Search

    def __reduce__(self) -> tuple[Any, ...]:
        """Files travel as their names: a tenth of the time and size of their paths."""
        compact = [item.filename if _is_plain_file(item) else item for item in self.items]
        return _unpickled, (self.number, compact, self.search)

    @property
    def part(self) -> str:
        """The name of its part, which tells its inputs from others."""
        return f"part-{self.number:06d}-{self.digest}.parquet"

    @property
    def digest(self) -> str:
        """16 hexadecimal digits for the names and columns of its inputs; of a video, for its frames too."""
        return digest_of((item.filename, self._told(item)) for item in self.items)

    def _told(self, item: Item) -> object:
        """What a digest takes of an item beside its name."""
        if isinstance(item.content, Undivided):
            every = Every.of(self.search.every)
            return {"all of it": [every.seconds, every.frames]}
        return item.columns

    def open(self, ignored: Counter[str]) -> Iterator[Item]:
        """The items to classify.

        Args:
            ignored: counts other files of an archive, by extension.
        """
        for item in self.items:
            if isinstance(item.content, Undivided):
                yield from items_of_name(item.content.text, self.search, ignored)
            else:
                yield item


def _is_plain_file(item: Item) -> bool:
    return item.columns is None and isinstance(item.content, Path) and str(item.content) == item.filename


def _unpickled(number: int, compact: list[Item | str], search: Search) -> Shard:
    items = (Item(one, Path(one)) if isinstance(one, str) else one for one in compact)
    return Shard(number, tuple(items), search)


def digest_of(inputs: Iterable[tuple[str, object]]) -> str:
    """16 hexadecimal digits for names and columns."""
    digest = hashlib.sha256()
    for filename, columns in inputs:
        digest.update(json.dumps([*portable_name(filename), columns]).encode() + b"\n")
    return digest.hexdigest()[:16]


def cut(items: Iterator[Item], rows: int, search: Search) -> Iterator[Shard]:
    """Shards of these items, lazily.

    Args:
        items: of a source that was opened with `undivided=True`.
        rows: items in a shard.
        search: how the source was opened.
    """
    numbers = count()
    gathered: list[Item] = []
    for item in items:
        alone = isinstance(item.content, Undivided)
        if gathered and alone:
            yield Shard(next(numbers), tuple(gathered), search)
            gathered = []
        gathered.append(item)
        if alone or len(gathered) == rows:
            yield Shard(next(numbers), tuple(gathered), search)
            gathered = []
    if gathered:
        yield Shard(next(numbers), tuple(gathered), search)
