"""A run's rows on disk: where they go, what is there already, and the record beside them."""

from __future__ import annotations

import csv
import json
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from eyeful.bundle.files import write_atomically
from eyeful.errors import OutputError, UsageError
from eyeful.filenames import printable
from eyeful.isolate import isolate_suspects
from eyeful.runs.lock import lock_output
from eyeful.runs.record import check_record, record_of
from eyeful.sinks import format_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eyeful.pipeline import SupportsStream
    from eyeful.runs.summary import RunSummary
    from eyeful.sinks import ExistingRow, RowSink, Sink
    from eyeful.sources import Source
    from eyeful.types import Item

State = Literal["running", "complete", "stopped", "failed"]
"""How far a run came. One that is still `running` in its record, when it is resumed, crashed."""


class Output:
    """The file that `-o` names. `OUT.lock` beside it keeps every other run away, of any user, host or container.

    Args:
        name: a file whose ending says the format.
        resume: go on with what is there.
        overwrite: replace what is there.
        writes: what makes the file, where its rows are no predictions; else the name's ending says it.

    Attributes:
        path: the file.
        more: what the record says beside what determined the rows; set before the run.
        crashed: the run that wrote what is there did not come to its end.

    Raises:
        UsageError: there is something already and neither is asked for, no format has that ending, or another run
            writes there.
        OutputError: nothing can be written there.
    """

    def __init__(
        self, name: str, *, resume: bool = False, overwrite: bool = False, writes: type[RowSink] | None = None
    ) -> None:
        if resume and overwrite:
            raise UsageError("--resume keeps what is there, --overwrite replaces it; choose one")
        self._format = writes or format_of(name)
        self.path = Path(name)
        self.more: dict[str, Any] = {}
        self._record = self.path.with_name(self.path.name + ".run.json")
        self.crashed = False
        self._in_flight = 0
        self._made_by: dict[str, Any] = {}
        with ExitStack() as stack:
            lock_output(self.path, stack)
            there = self._format.exists(self.path)
            if there and not (resume or overwrite):
                raise UsageError(f"{name} exists already: --resume continues it, --overwrite replaces it")
            self._resume = resume and (there or self._record.exists())
            self._lock = stack.pop_all()

    def close(self) -> None:
        """Let another run write here."""
        self._lock.close()

    def _suspects(self, classifier: SupportsStream) -> int:
        """How many inputs may have been begun, here or by the run that crashed, and have no row."""
        return max(classifier.max_in_flight, self._in_flight) + self._format.rows_in_hand

    def begin(
        self, classifier: SupportsStream, source: Source, summary: RunSummary, on_rows: Callable[[int], None]
    ) -> tuple[Sink, Iterator[Item]]:
        """The sink for this run's rows, and the items that have none yet; the others are counted.

        After a crash, those that were in flight are first tried alone.

        Raises:
            UsageError: what is there was made by a run that answers differently, or of other inputs.
            OutputError: the rows that are there cannot be read.
            MissingExtraError: the format's library is not installed.
        """
        self._made_by = record_of(classifier) | self.more
        if self._resume:
            self._check()
        sink = self._format(self.path, resume=self._resume, record=self._made_by)
        items = iter(source.items)
        for number, row in enumerate(self._written(), 1):
            item = next(items, None)
            if item is None or item.filename != row.filename:
                found = "there is no such input" if item is None else f"the input is {printable(item.filename)}"
                raise UsageError(
                    f"{self.path} cannot be resumed, its inputs were others: row {number} is "
                    f"{printable(row.filename)}, {found}; name another output, or --overwrite this one"
                )
            summary.inputs += 1
            summary.resumed += 1
            summary.add(
                row.error_kind,
                abstained=row.abstained,
                grouped=row.grouped,
                none_of_these=row.none_of_these,
            )
            on_rows(1)
        if self.crashed:
            items = isolate_suspects(items, self._suspects(classifier), classifier.preprocessor)
        return sink, items

    def _written(self) -> Iterator[ExistingRow]:
        if not self._resume or not self._format.exists(self.path):
            return
        try:
            yield from self._format.written(self.path)
        except (OSError, ValueError, csv.Error) as error:
            raise OutputError(
                f"{self.path} cannot be read, so it cannot be resumed: {getattr(error, 'strerror', None) or error}"
            ) from error

    def write_record(self, summary: RunSummary, state: State) -> None:
        """Write `OUTPUT.run.json`: the provenance, the settings, the fingerprint and the summary.

        Raises:
            OutputError: it cannot be written.
        """
        record = self._made_by | {"state": state, "summary": summary.as_dict()}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._record, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        except OSError as error:
            raise OutputError(f"cannot write {self._record}: {error.strerror}") from error

    def _check(self) -> None:
        record: dict[str, Any] = {}
        with suppress(OSError, ValueError):
            found = json.loads(self._record.read_text(encoding="utf-8"))
            record = found if isinstance(found, dict) else {}
        check_record(self.path, self._record.name, record, self._made_by)
        if record.get("vector") != self.more.get("vector"):
            found = "vectors" if "vector" in record else "predictions"
            raise UsageError(f"{self.path} cannot be resumed, its rows are {found}: --overwrite starts anew")
        self.crashed = record.get("state") == "running"
        in_flight = record.get("max_in_flight")
        self._in_flight = in_flight if isinstance(in_flight, int) else 0
