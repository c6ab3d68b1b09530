"""Another sink, but for rows that it has had already."""

from types import TracebackType
from typing import Self

from eyeful.sinks.base import Sink
from eyeful.types import Prediction


class BehindSink:
    """Leaves out the first rows of a run that is carried again.

    Args:
        sink: where the others go.
        rows: how many it has.
    """

    def __init__(self, sink: Sink, rows: int) -> None:
        self._sink = sink
        self._left_out = rows
        self.wants_thumbnails = sink.wants_thumbnails

    def __enter__(self) -> Self:
        self._sink.__enter__()
        return self

    def append(self, prediction: Prediction) -> None:
        """Hand one on, unless it was there."""
        if self._left_out:
            self._left_out -= 1
        else:
            self._sink.append(prediction)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sink.__exit__(kind, error, trace)
