"""Standard input: a name on each line, as `find photos | eyeful predict -` gives them; by -print0, up to a NUL."""

import os
import select
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from eyeful.errors import UsageError
from eyeful.sources.base import Search, SourceKind
from eyeful.sources.listing import item_of_name
from eyeful.types import Item

_LOOK_AGAIN = 0.5
"""Seconds after which it is seen that standard input was replaced."""
_CHUNK = 1 << 16


def _is_stdin(text: str | Path) -> bool:
    return text == "-"


def _items(_: str | Path, __: Search, ___: Counter[str]) -> Iterator[Item]:
    for line in _lines():
        name = _name_of(line.rstrip(b"\r\n"))
        if name.strip():
            yield item_of_name(name)


def _name_of(line: bytes) -> str:
    """A name as the system has it: any bytes, but text on Windows."""
    if sys.platform != "win32":
        return os.fsdecode(line)
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def _lines() -> Iterator[bytes]:
    """The lines of standard input, which may be replaced while they are waited for: that ends them."""
    if sys.stdin is None:
        raise UsageError("standard input is closed, so there are no names on it")
    if os.name != "posix":
        yield from sys.stdin.buffer
        return
    number = sys.stdin.fileno()
    rest, end = b"", b"\n"
    while True:
        while not select.select([number], [], [], _LOOK_AGAIN)[0]:
            pass
        read = os.read(number, _CHUNK)
        if not read:
            break
        if b"\0" in read and b"\n" not in rest:  # `find -print0`
            end = b"\0"
        *lines, rest = (rest + read).split(end)
        yield from lines
    if rest:
        yield rest


SOURCE = SourceKind(_is_stdin, _items, priority=50, countable=False, repeatable=False)
