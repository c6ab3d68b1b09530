"""JSON lines: one row, one line, to a file or a stream."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from eyeful.errors import OutputError
from eyeful.filenames import original_name
from eyeful.sinks.base import ExistingRow, cut_last_line, holds_something, open_text
from eyeful.types import Prediction


class JsonlSink:
    """Writes each row as it comes.

    Args:
        target: a file, or an open text stream, which is left open.
        resume: go on behind the rows that the file holds.
        record: what determined the answers; has no place in this format.
    """

    suffix = ".jsonl"
    wants_thumbnails = False
    rows_in_hand = 0

    def __init__(
        self, target: Path | IO[str], *, resume: bool = False, record: dict[str, Any] | None = None
    ) -> None:
        del record
        self._target = target
        self._mode = "a" if resume else "w"
        self._file: IO[str]

    @staticmethod
    def exists(path: Path) -> bool:
        """Whether there is an output already."""
        return holds_something(path)

    @staticmethod
    def written(path: Path) -> Iterator[ExistingRow]:
        """The rows that a file holds, after a last line that was cut off is removed.

        Raises:
            OutputError: it is not such a file.
        """
        cut_last_line(path, quoted=False)
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    row = json.loads(line)
                    name = original_name(row["filename"], row.get("filename_b64"))
                    yield ExistingRow.of(name, row, sure="group" in row)
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    raise OutputError(
                        f"{path}: line {number} is no row of ours: --overwrite starts anew"
                    ) from error

    def __enter__(self) -> Self:
        is_path = isinstance(self._target, Path)
        self._file = open_text(self._target, self._mode) if is_path else self._target  # type: ignore[arg-type,assignment]
        return self

    def append(self, prediction: Prediction) -> None:
        """Write one line; it is in the system's hands when this returns."""
        self._file.write(json.dumps(prediction.to_dict(), ensure_ascii=False) + "\n")
        self._file.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(self._target, Path):
            self._file.close()
