"""Where images come from → items, lazily and in order.

One rule: what is named always gives a row; what is found in a folder must look like an image. The kinds of source
register as plug-ins (`eyeful.sources`, see `base`); what is in memory already is `memory`'s.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eyeful import plugins
from eyeful.errors import ErrorKind, EyefulError, MissingExtraError, UsageError, one_line
from eyeful.filenames import printable
from eyeful.sources import memory
from eyeful.sources.advice import why_no_input
from eyeful.sources.base import OpenedContent, Search, Sized, SourceKind, Undivided, refused
from eyeful.sources.unchanged import as_it_is_now
from eyeful.sources.video import Every
from eyeful.types import Item

__all__ = [
    "OpenedContent",
    "Search",
    "Sized",
    "Source",
    "SourceKind",
    "Undivided",
    "is_countable",
    "is_repeatable",
    "items_of_name",
    "names_of",
    "no_inputs",
    "open_source",
    "refused",
]

_LONGEST_NAME = 8000
"""Characters; systems take 4096 at most, and addresses seldom are longer."""


@dataclass(slots=True)
class Source:
    """Items to classify, lazily.

    Attributes:
        items: each image once, in order; can be gone through once. Where something was named and holds none, they
            end in a UsageError.
        single: exactly one image was named, so the answer is one prediction rather than a list.
        ignored: files that were met and are no inputs, counted by extension; complete when `items` is exhausted.
        live: the items come from a generator or from standard input, which may take their time.
        search: how they are searched for.
    """

    items: Iterator[Item]
    single: bool
    ignored: Counter[str] = field(default_factory=Counter)
    live: bool = False
    search: Search = field(default_factory=Search)


def open_source(
    inputs: Any,
    *,
    recursive: bool = True,
    column: str | None = None,
    every: str | float | None = None,
    undivided: bool = False,
) -> Source:
    """Turn whatever a user hands us into items.

    Args:
        inputs: a path, folder, glob, URL, archive (.tar, .tar.gz, .zip ...), bucket (s3://...), list file (.txt,
            .csv, .tsv, .jsonl), video, `-` for names on standard input, what a plug-in knows, encoded bytes, a
            binary file, PIL image, uint8 array (HWC, HW or NHWC of 1, 3 or 4 channels), torch uint8 tensor (CHW
            or NCHW), or any iterable of these. What is in memory is copied at once: it may change or be closed
            afterwards.
        recursive: search folders in folders.
        column: of lists, the one that holds the images; None: it is found.
        every: of videos, the time from frame to frame: seconds, or a text such as "500ms"; None: a second.
        undivided: an archive or video gives one item that stands for all of it, to be cut in shards.

    Raises:
        UsageError: something that is none of these, or no time; the text says what to convert it to. Or a column
            or time is asked for, and nothing is named that has one.
    """
    search = Search(recursive, column, every, undivided)
    Every.of(every)
    _check_search(inputs, search)
    source = replace(_opened(inputs, search), search=search)
    if _names_something(inputs):
        source.items = _not_empty(source.items, source.ignored, inputs)
    return source


def _opened(inputs: Any, search: Search) -> Source:
    if isinstance(inputs, os.PathLike) and not isinstance(inputs, Path) and isinstance(inputs.__fspath__(), str):
        inputs = Path(inputs)
    if isinstance(inputs, str | Path):
        return _from_text(inputs, search)
    if isinstance(inputs, Item):
        return Source(iter((inputs,)), single=True)
    if memory.is_in_memory(inputs):
        items, single = memory.items(inputs)
        return Source(iter(items), single)
    names = memory.names(inputs)
    if names is not None or _is_collection(inputs):
        return _from_many(inputs if names is None else names, search)
    raise UsageError(why_no_input(inputs))


def _is_collection(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, Mapping) and not hasattr(value, "__array__")


def _names_something(inputs: Any) -> bool:
    """Whether no items at all would be a mistake; an empty list and a generator may give none."""
    if isinstance(inputs, str | os.PathLike):
        return True
    return bool(inputs if isinstance(inputs, list | tuple) else memory.names(inputs))


def _not_empty(items: Iterator[Item], ignored: Counter[str], inputs: Any) -> Iterator[Item]:
    """The same.

    Raises:
        UsageError: in the end, if there were none.
    """
    number = 0
    for number, item in enumerate(items, 1):  # noqa: B007 - it is looked at behind the loop
        yield item
    if not number:
        raise no_inputs(ignored, inputs)


def no_inputs(ignored: Counter[str], inputs: Any) -> UsageError:
    """The error where what was named holds no image.

    Args:
        ignored: the other files that were met.
        inputs: what was named.
    """
    named = [inputs] if isinstance(inputs, str | os.PathLike) else inputs
    names = [printable(str(name)) for name in named if isinstance(name, str | os.PathLike)]
    names = ["standard input" if name == "-" else name for name in names]
    place = ", ".join(names[:3]) + (" ..." if len(names) > 3 else "") or "the inputs"
    others = ", ".join(f"{kind} {number}" for kind, number in ignored.most_common(6))
    if not others:
        return UsageError(f"no images found in {place}: it is empty")
    return UsageError(
        f"no images found in {place}, only other files ({others}); archives, lists and videos are taken when named"
    )


def is_countable(text: str) -> bool:
    """Whether what is named can be counted without being used up, and cheaply; standard input cannot."""
    return all(_kind_of(name).countable for name in names_of(text))


def is_repeatable(text: str) -> bool:
    """Whether what is named can be gone through a second time; standard input cannot."""
    return _kind_of(text).repeatable


def names_of(text: str | Path) -> Iterator[str | Path]:
    """The names that a pattern stands for, files in folders that match apart; of another name, itself."""
    kind = _kind_of(text)
    if not kind.expands:
        yield text
        return
    with suppress(UsageError):  # the run will say it
        for name in kind.items(text, Search(recursive=False), Counter()):
            if not isinstance(name, Item):
                yield from names_of(name)


def _check_search(inputs: Any, search: Search) -> None:
    """See that what is asked for means something to what is handed over.

    Raises:
        UsageError: there is nothing that it could be for.
    """
    if not isinstance(search.column, str | None):
        raise UsageError(
            f"column={search.column!r} is no name; without a header, columns are column_1, column_2 ..."
        )
    if search.column is not None and not _may_heed(inputs, "column"):
        raise UsageError(
            "--column (in Python column=) names a column of a list (.csv, .tsv, .jsonl ...); "
            "none is among the inputs"
        )
    if search.every is not None and not _may_heed(inputs, "every"):
        raise UsageError(
            "--every (in Python every=) is for videos (.mp4, .mov, .mkv ...), and none is named; "
            "folders give images"
        )


def _may_heed(inputs: Any, option: str) -> bool:
    """Whether an option may mean something to some of them; of a generator nobody knows."""
    if isinstance(inputs, str | Path):
        kind = _kind_of(inputs)
        return kind.expands or option in kind.heeds
    if isinstance(inputs, list | tuple) and inputs:
        return any(_may_heed(one, option) for one in inputs)
    return not isinstance(inputs, Item) and not memory.is_in_memory(inputs)


def _from_text(text: str | Path, search: Search) -> Source:
    if text == "":
        raise UsageError("an empty name names nothing; . is the folder that you are in")
    if str(text).startswith("data:") or len(str(text)) > _LONGEST_NAME:
        raise UsageError(
            f"a text of {len(str(text)):,} characters is no name; if it is base64, pass "
            "base64.b64decode(text.rpartition(',')[2])"
        )
    ignored: Counter[str] = Counter()
    kind = _kind_of(text)
    if search.undivided and not kind.divisible:
        return Source(iter((Item(str(text), Undivided(text)),)), single=False)
    found = kind.items(text, search, ignored)
    if "://" in str(text):
        found = _fetched(str(text), found)
    return Source(_items_of_names(found, search, ignored), kind.single, ignored, live=text == "-")


def _from_many(inputs: Iterable[Any], search: Search) -> Source:
    ignored: Counter[str] = Counter()
    if isinstance(inputs, list | tuple) and len(inputs) == 1 and isinstance(inputs[0], str | Path):
        return replace(_from_text(inputs[0], search), single=False)
    listed = isinstance(inputs, list | tuple)
    live = not hasattr(inputs, "__len__") or (
        listed and any(isinstance(one, str) and one == "-" for one in inputs)
    )

    def all_items() -> Iterator[Item]:
        for place, one in enumerate(inputs):
            if isinstance(one, str | Path):
                found = items_of_name(one, search, ignored)
                yield from found if hasattr(inputs, "__len__") else map(as_it_is_now, found)
            elif memory.is_missing(one):
                yield refused(f"input {place}", "not_found", f"there is {one} where a name should be")
            else:
                try:
                    part = _opened(one, search)
                except UsageError as error:
                    raise UsageError(f"input {place}: {error}") from error
                yield from part.items
                ignored.update(part.ignored)

    return Source(all_items(), single=False, ignored=ignored, live=live)


def _fetched(address: str, found: Iterator[Any]) -> Iterator[Any]:
    """The same; what a scheme's library raises costs one row."""
    try:
        yield from found
    except EyefulError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is
        yield refused(address, "fetch_failed", f"cannot be fetched: {one_line(error)}")


def _items_of_names(
    found: Iterator[Item] | Iterator[Item | str | Path], search: Search, ignored: Counter[str]
) -> Iterator[Item]:
    for one in found:
        if isinstance(one, Item):
            yield one
        else:
            yield from items_of_name(one, search, ignored)


def items_of_name(name: str | Path, search: Search, ignored: Counter[str]) -> Iterator[Item]:
    """The items of a name. One that is no source must not take the rows of its neighbours with it."""
    try:
        part = _from_text(name, search)
        yield from part.items
        ignored.update(part.ignored)
    except (UsageError, MissingExtraError) as error:
        yield refused(str(name), _error_kind(name), str(error))


def _error_kind(text: str | Path) -> ErrorKind:
    if "://" in str(text):
        return "fetch_failed"
    return "unreadable" if text != "" and os.path.lexists(text) else "not_found"


def _kind_of(text: str | Path) -> SourceKind:
    return next(kind for kind in _kinds() if kind.matches(text))


def _kinds() -> list[SourceKind]:
    """Every kind of source, in the order in which they are asked."""
    found: dict[str, SourceKind] = plugins.load_all("sources", plugins.instance_of(SourceKind))
    return sorted(found.values(), key=lambda kind: -kind.priority)
