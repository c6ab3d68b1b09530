"""A run's rows as parts in a folder or a bucket, all of them or every n-th, by one process or many."""

from __future__ import annotations

import json
import secrets
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eyeful.errors import UsageError
from eyeful.runs.lock import lock_output
from eyeful.runs.output import Output
from eyeful.runs.record import check_record, record_of
from eyeful.shards import SHARD_ROWS, PartsSink, Shard, cut, open_storage
from eyeful.shards.parts import begins, listed, open_part, part_counts
from eyeful.sinks import format_of, names_folder
from eyeful.sources.cloud import is_cloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eyeful.pipeline import SupportsStream
    from eyeful.runs.output import State
    from eyeful.runs.summary import RunSummary
    from eyeful.sinks import Sink
    from eyeful.sources import Source
    from eyeful.types import Item

RECORD, SUCCESS = "_run.json", "_SUCCESS"
"""Files beside the parts: how they are made; that all are there. Readers of Parquet leave out names with `_`."""


@dataclass(frozen=True, slots=True)
class Share:
    """Which shards of a run are made here: every `of`-th, from the `number`-th on (from 1)."""

    number: int = 1
    of: int = 1

    @staticmethod
    def parse(text: str) -> Share:
        """`2/3` as a share.

        Raises:
            UsageError: it is none.
        """
        number, slash, of = text.partition("/")
        if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
            raise UsageError(f"--shard {text} is none; write 1/3, 2/3 or 3/3 for a third of the work")
        return Share(int(number), int(of))

    def has(self, shard: Shard) -> bool:
        """Whether a shard is among them."""
        return shard.number % self.of == self.number - 1

    @property
    def done(self) -> str:
        """The name of the file that says that all of them are made."""
        return SUCCESS if self.of == 1 else f"_SHARD-{self.number}-of-{self.of}"

    @property
    def running(self) -> str:
        """The name of the file that is there while they are made; and afterwards, when that ended in a crash."""
        return f"_RUNNING-{self.number}-of-{self.of}"


def asks_for_parts(name: str) -> bool:
    """Whether a name asks for parts: it is a folder, or a prefix in a bucket.

    Raises:
        UsageError: it is no place for rows.
    """
    if is_cloud(name) and not name.endswith("/"):
        raise UsageError(f"-o {name}: buckets take folders of Parquet parts; end it with /")
    return is_cloud(name) or names_folder(name)


def holds_rows(name: str) -> bool:
    """Whether there are rows already.

    Raises:
        UsageError, OutputError: it is no place for rows, or cannot be listed.
    """
    if asks_for_parts(name):
        return bool(listed(open_storage(name).names()))
    return format_of(name).exists(Path(name))


def open_output(
    name: str,
    *,
    resume: bool = False,
    overwrite: bool = False,
    share: Share = Share(),
    shard_rows: int = SHARD_ROWS,
) -> Output | PartsOutput:
    """What `-o` names: a folder or a prefix in a bucket for parts, or a file.

    Raises:
        UsageError: a file is named for a share, or in a bucket; and as for both.
        OutputError: nothing can be written there.
    """
    if asks_for_parts(name):
        return PartsOutput(name, resume=resume, overwrite=overwrite, share=share, shard_rows=shard_rows)
    if share.of > 1:
        raise UsageError(f"--shard makes parts of one folder: -o {Path(name).stem}/, not {name}")
    return Output(name, resume=resume, overwrite=overwrite)


class PartsOutput:
    """What `-o FOLDER/` or `-o s3://bucket/prefix/` names.

    Args:
        place: the folder or prefix.
        resume: go on with what is there; always so for a share.
        overwrite: replace what is there.
        share: which shards are made here.
        shard_rows: inputs in a shard.

    Raises:
        UsageError: there is something already and neither is asked for, or another run writes there.
        OutputError: nothing can be written there.
    """

    def __init__(
        self,
        place: str,
        *,
        resume: bool = False,
        overwrite: bool = False,
        share: Share = Share(),
        shard_rows: int = SHARD_ROWS,
    ) -> None:
        if resume and overwrite:
            raise UsageError("--resume keeps what is there, --overwrite replaces it; choose one")
        if overwrite and share.of > 1:
            raise UsageError("--overwrite with --shard would delete the parts of the others: name a new folder")
        self.place = place
        self.crashed = False
        self._share = share
        self._shard_rows = shard_rows
        self._storage = open_storage(place)
        self._shards = 0
        self._run = secrets.token_hex(16).encode()
        with ExitStack() as stack:
            if not is_cloud(place):
                role = "" if share.of == 1 else f".{share.number}-of-{share.of}"
                lock_output(Path(place), stack, role)
            names = self._storage.names()
            self._refuse_foreign(names, share)
            there = RECORD in names or any(listed(names))
            if there and not (resume or overwrite or share.of > 1):
                raise UsageError(f"{place} exists already: --resume continues it, --overwrite replaces it")
            others = [name for name in names if name != share.running]
            self._stale = [name for name in others if overwrite and (name.startswith("_") or listed([name]))]
            self._parts = {} if overwrite else listed(names)
            self.crashed = share.running in names and not overwrite
            self._lock = stack.pop_all()

    def close(self) -> None:
        """Let another run write here."""
        self._lock.close()

    def in_flight(self, classifier: SupportsStream) -> int:
        """How many inputs may have been begun by the run that crashed, and have no row."""
        return classifier.max_in_flight + self._shard_rows

    @property
    def marker(self) -> tuple[str, bytes]:
        """A file's name and content, by which this run's output is told from another folder of the same name."""
        return self._share.running, self._run

    def begin(
        self, classifier: SupportsStream, source: Source, summary: RunSummary, on_rows: Callable[[int], None]
    ) -> tuple[Sink, Iterator[Item]]:
        """The sink for this run's rows, and the items of the shards that have no part; the others are counted.

        The place belongs to this kind of run from now on.

        Raises:
            UsageError: what is there was made by a run that answers differently; or, as the items are taken, of
                other inputs.
        """
        sink = PartsSink(self._storage, self.claim(record_of(classifier)))

        def items() -> Iterator[Item]:
            for shard, there in self.shards(source, summary, on_rows):
                yield from sink.items_of(shard, there, summary.ignored)

        return sink, items()

    def claim(self, record: dict[str, Any]) -> dict[str, Any]:
        """Note what determines the answers here, or see that it is as noted.

        Args:
            record: of a classifier, by `record_of`.

        Returns:
            What parts shall say of how they were made.

        Raises:
            UsageError: what is there was made by a run that answers differently.
            OutputError: nothing can be written there.
        """
        for name in self._stale:
            self._storage.remove(name)
        record |= {"shard_rows": self._shard_rows}
        if not self._storage.create(RECORD, json.dumps(record, indent=1, ensure_ascii=False).encode()):
            self._check(record)
        return record

    def shards(
        self, source: Source, summary: RunSummary, on_rows: Callable[[int], None]
    ) -> Iterator[tuple[Shard, list[str]]]:
        """The shards of this share that have no part, each with what its part replaces; the others are counted.

        Raises:
            UsageError: a part is there that is of other inputs.
        """
        parts = dict(self._parts)
        for shard in cut(source.items, self._shard_rows, replace(source.search, undivided=False)):
            self._shards = shard.number + 1
            there = parts.pop(shard.number, [])
            if not self._share.has(shard):
                continue
            if shard.part in there:
                self._count(shard.part, summary, on_rows)
                continue
            for name in there:
                if not begins(open_part(self._storage, name), shard):
                    raise self._others(name)
            yield shard, there
        for numbers in parts.values():
            raise self._others(numbers[0])

    def write_record(self, _: SupportsStream | None, summary: RunSummary, state: State) -> None:
        """Note beside the parts how far this run came.

        Raises:
            OutputError: it cannot be written.
        """
        text = json.dumps({"shards": self._shards, "summary": summary.as_dict()}, indent=1) + "\n"
        if state == "complete":
            self._storage.write(self._share.done, text.encode())
        if state == "running":
            self._storage.write(*self.marker)
        else:
            self._storage.remove(self._share.running)

    def _count(self, part: str, summary: RunSummary, on_rows: Callable[[int], None]) -> None:
        counts = part_counts(open_part(self._storage, part))
        summary.add_part(counts)
        summary.resumed += counts["rows"]
        on_rows(counts["rows"])

    def _others(self, part: str) -> UsageError:
        return UsageError(
            f"{self.place} cannot be resumed, its inputs were others: {part} holds rows of images that are not at "
            "this place among the inputs"
        )

    def _check(self, record: dict[str, Any]) -> None:
        """See that what is there was made as it is made now."""
        found: Any = None
        try:
            found = json.loads(self._storage.read(RECORD) or b"")
        except ValueError:
            found = None
        check_record(self.place, RECORD, found, record)
        if found.get("shard_rows") != self._shard_rows:
            raise UsageError(
                f"{self.place} cannot be resumed with other shards: --shard-rows {found.get('shard_rows')}"
            )

    def _refuse_foreign(self, names: list[str], share: Share) -> None:
        """See that the parts here are not those of an older eyeful, and not divided in another way."""
        if any(name.startswith("part-") and name.endswith(".parquet") and not listed([name]) for name in names):
            raise UsageError(f"{self.place} holds parts that are not of this version of eyeful: name a new folder")
        for name in names:
            other = name.rpartition("-of-")[2] if name.startswith(("_SHARD-", "_RUNNING-")) else str(share.of)
            if other != str(share.of) and share.of > 1:
                raise UsageError(f"{self.place} is divided in {other} shards already, not in {share.of}")
