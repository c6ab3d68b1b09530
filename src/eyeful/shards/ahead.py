"""Reading many parts: a bucket answers many questions at once as fast as one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from eyeful.pipeline.ordered import DaemonThreads, ordered_map

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from eyeful.shards.storage import Storage

R = TypeVar("R")

_THREADS, _AHEAD = 16, 32


def read_ahead(
    read: Callable[[Storage, str], R], storage: Storage, names: Sequence[str]
) -> Generator[tuple[str, R]]:
    """The names of parts, in order, each with what is read of it; some are read before they are asked for.

    Args:
        read: `open_part` or `part_footer`.
        storage: where the parts are.
        names: of the parts.

    Raises:
        Exception: what `read` raises, at its place.
    """
    threads = DaemonThreads(min(_THREADS, len(names)), "eyeful-parts")
    try:
        yield from zip(names, ordered_map(partial(read, storage), names, threads, _AHEAD), strict=True)
    finally:
        threads.close(lambda: False)
