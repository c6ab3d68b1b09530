"""JSON lines: one row, one line, to a file or a stream."""

import json
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from eyeful.errors import OutputError
from eyeful.sinks.base import row_of
from eyeful.types import Prediction


class JsonlSink:
    """Writes each row as it comes.

    Args:
        target: a file to create, or an open text stream, which is left open.
    """

    wants_thumbnails = False

    def __init__(self, target: Path | IO[str]) -> None:
        self._target = target
        self._file: IO[str]

    def __enter__(self) -> Self:
        self._file = open_text(self._target) if isinstance(self._target, Path) else self._target
        return self

    def append(self, prediction: Prediction) -> None:
        """Write one line; it is in the system's hands when this returns."""
        self._file.write(json.dumps(row_of(prediction), ensure_ascii=False) + "\n")
        self._file.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(self._target, Path):
            self._file.close()


def open_text(path: Path) -> IO[str]:
    """Create a text file for rows, its folder too.

    Raises:
        OutputError: it cannot be created.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
