"""What parts say of themselves, read ahead: a bucket answers many questions at once as fast as one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self

from eyeful.pipeline.ordered import DaemonThreads, ordered_map
from eyeful.shards.parts import part_footer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eyeful.shards.storage import Storage

_THREADS, _AHEAD = 16, 64


class Footers:
    """The footers of parts, asked for in their order. Use as a context manager.

    Args:
        storage: where the parts are.
        names: of the parts, in order.
    """

    def __init__(self, storage: Storage, names: Iterable[str]) -> None:
        names = list(names)
        self._threads = DaemonThreads(min(_THREADS, len(names)), "eyeful-footers")
        self._read = zip(
            names, ordered_map(partial(part_footer, storage), names, self._threads, _AHEAD), strict=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.close(lambda: False)

    def of(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """A part's record and counts; see `part_footer`.

        Raises:
            OutputError: it is no part of ours, or gone.
        """
        return next(footer for other, footer in self._read if other == name)
