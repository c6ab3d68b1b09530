"""A run's rows on disk: where they go, what is there already, and the record beside them."""

from __future__ import annotations

import csv
import json
import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from filelock import Timeout

from eyeful.bundle.files import locked, write_atomically
from eyeful.errors import OutputError, UsageError
from eyeful.runs.record import record_of
from eyeful.sinks import format_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eyeful.pipeline import SupportsStream
    from eyeful.runs.summary import RunSummary
    from eyeful.sinks import ExistingRow, RowSink

State = Literal["running", "complete", "stopped", "failed"]
"""How far a run came. One that is still `running` in its record, when it is resumed, crashed."""


class Output:
    """What `-o` names. `OUT.lock` beside it keeps every other run away, of whatever user, host or container.

    Args:
        name: a file whose ending says the format, or a folder.
        resume: go on with what is there.
        overwrite: replace what is there.

    Raises:
        UsageError: there is something already and neither is asked for, no format has that ending, or another run
            writes there.
        OutputError: nothing can be written there.
    """

    def __init__(self, name: str, *, resume: bool = False, overwrite: bool = False) -> None:
        if resume and overwrite:
            raise UsageError("--resume keeps what is there, --overwrite replaces it; choose one")
        self._format = format_of(name)
        self.path = Path(name)
        self._record = self.path.with_name(self.path.name + ".run.json")
        self.crashed = False
        self._in_flight = 0
        with ExitStack() as stack:
            _lock(self.path, stack)
            there = self._format.exists(self.path)
            if there and not (resume or overwrite):
                raise UsageError(f"{name} exists already: --resume continues it, --overwrite replaces it")
            self._resume = resume and (there or self._record.exists())
            self._lock = stack.pop_all()

    def close(self) -> None:
        """Let another run write here."""
        self._lock.close()

    def in_flight(self, classifier: SupportsStream, rows: RowSink) -> int:
        """How many inputs may have been begun, here or by the run that crashed, and have no row."""
        return max(classifier.max_in_flight, self._in_flight) + rows.rows_in_hand

    def open(self, classifier: SupportsStream) -> RowSink:
        """The sink for this run's rows.

        Raises:
            UsageError: what is there was made by a run that answers differently.
            MissingExtraError: the format's library is not installed.
        """
        if self._resume:
            self._check(classifier)
        return self._format(self.path, resume=self._resume, record=record_of(classifier))

    def written(self) -> Iterator[ExistingRow]:
        """The rows that are there and stay.

        Raises:
            OutputError: they cannot be read.
        """
        if not self._resume or not self._format.exists(self.path):
            return
        try:
            yield from self._format.written(self.path)
        except (OSError, ValueError, csv.Error) as error:
            raise OutputError(
                f"{self.path} cannot be read, so it cannot be resumed: {getattr(error, 'strerror', None) or error}"
            ) from error

    def write_record(self, classifier: SupportsStream, summary: RunSummary, state: State) -> None:
        """Write `OUTPUT.run.json`: the provenance, the settings, the fingerprint and the summary.

        Raises:
            OutputError: it cannot be written.
        """
        record = record_of(classifier) | {"state": state, "summary": summary.as_dict()}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._record, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        except OSError as error:
            raise OutputError(f"cannot write {self._record}: {error.strerror}") from error

    def _check(self, classifier: SupportsStream) -> None:
        record: dict[str, Any] = {}
        with suppress(OSError, ValueError):
            found = json.loads(self._record.read_text(encoding="utf-8"))
            record = found if isinstance(found, dict) else {}
        before, now = record.get("reproducibility_keys"), classifier.spec.reproducibility_keys()
        if not isinstance(before, dict):
            raise UsageError(
                f"{self.path} cannot be resumed: {self._record.name}, which says how it was made, is missing or "
                "damaged; --overwrite starts anew"
            )
        differing = [name for name in now if before.get(name) != now[name]]
        if differing:
            how = "; ".join(f"{name} was {before.get(name)}, is {now[name]}" for name in differing)
            raise UsageError(f"{self.path} cannot be resumed, its rows were made differently: {how[:600]}")
        self.crashed = record.get("state") == "running"
        in_flight = record.get("max_in_flight")
        self._in_flight = in_flight if isinstance(in_flight, int) else 0


def _lock(path: Path, stack: ExitStack) -> None:
    """Take the right to write to an output, until the stack is closed.

    Raises:
        UsageError: another run has it.
        OutputError: no lock can be made there, so nothing else can be written either.
    """
    path = Path(os.path.realpath(path))  # links to one file are one output
    lock = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stack.enter_context(locked(lock, timeout=0))
    except Timeout:
        raise UsageError(
            f"another run is writing {path} (it holds {lock}); wait for it, or name another file"
        ) from None
    except OSError as error:
        if isinstance(error, PermissionError) and lock.exists():
            raise UsageError(
                f"another user's run is writing {path}, or was killed; delete {lock} if none is running"
            ) from error
        raise OutputError(
            f"cannot write {path}: its lock {lock.name} cannot be made beside it ({error.strerror or error}); "
            "name a place that you may write"
        ) from error
