"""A run's rows as parts in a folder or a bucket, all of them or every n-th, by one process or many."""

from __future__ import annotations

import hashlib
import json
import secrets
import sys
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eyeful.errors import OutputError, UsageError
from eyeful.isolate import isolate_suspects
from eyeful.runs.lock import lock_output
from eyeful.runs.record import check_record, record_of
from eyeful.runs.share import BESIDE, RECORD, SUCCESS, WHOLE, Share
from eyeful.shards import SHARD_ROWS, PartsSink, cut, open_storage
from eyeful.shards.ahead import read_ahead
from eyeful.shards.parts import begins, listed, open_part, part_footer
from eyeful.sources import no_inputs
from eyeful.sources.cloud import is_cloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eyeful.pipeline import SupportsStream
    from eyeful.runs.output import State
    from eyeful.runs.summary import RunSummary
    from eyeful.shards import Shard, Storage
    from eyeful.sinks import Sink
    from eyeful.sources import Source
    from eyeful.types import Item

_MOST_NAMED = 4
"""Inputs in an error; the last one only shows that there are more."""


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
        share: Share = WHOLE,
        shard_rows: int = SHARD_ROWS,
    ) -> None:
        if resume and overwrite:
            raise UsageError("--resume keeps what is there, --overwrite replaces it; choose one")
        goes_on = resume or share.goes_on
        if overwrite and goes_on:
            raise UsageError("--overwrite with --shard would delete the parts of the others: name a new folder")
        self.place = place
        self.crashed = False
        self._share = share
        self._shard_rows = shard_rows
        self._storage = open_storage(place)
        self._shards = 0
        self._inputs = hashlib.sha256()
        self._record: dict[str, Any] = {}
        self._run = secrets.token_hex(16).encode()
        with ExitStack() as stack:
            if not is_cloud(place):
                role = "" if share.of == 1 else f".{share.number}-of-{share.of}"
                lock_output(Path(place), stack, role)
            names = self._storage.names()
            self._refuse_foreign(names, share)
            there = RECORD in names or any(listed(names))
            if there and not (goes_on or overwrite):
                raise UsageError(f"{place} exists already: --resume continues it, --overwrite replaces it")
            others = [name for name in names if name != share.running]
            self._stale = [name for name in others if overwrite and (BESIDE.fullmatch(name) or listed([name]))]
            self._parts = {} if overwrite else listed(names)
            self._ended = {SUCCESS, share.done}.intersection([] if overwrite else names)
            self.crashed = share.running in names and not overwrite
            self._lock = stack.pop_all()

    def close(self) -> None:
        """Let another run write here."""
        self._lock.close()

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
        alone = self._share.of == 1 and not is_cloud(self.place)  # by the lock; else another may make the same
        sink = PartsSink(self._storage, self.claim(record_of(classifier)), whole=not alone)
        shards = self.shards(source, summary, on_rows)
        opened: list[str] = []

        def items(least: int = sys.maxsize) -> Iterator[Item]:
            """Of so many shards as have so many items."""
            for shard, there in shards:
                opened.extend(shard.items[0].filename for _ in range(len(opened) < _MOST_NAMED))
                for item in sink.items_of(shard, there, summary.ignored):
                    least -= 1
                    yield item
                if least <= 0:
                    return

        def all_items() -> Iterator[Item]:
            if self.crashed:  # of an archive, all: where in it the crash was is not known
                suspects = items(classifier.max_in_flight + self._shard_rows)
                yield from isolate_suspects(suspects, sys.maxsize, classifier.preprocessor)
            yield from items()
            if not summary.inputs and self._shards and self._share.of == 1:
                raise no_inputs(summary.ignored, opened)

        return sink, all_items()

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
        self._record = record
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
        ours = [name for number in sorted(parts) if self._share.has(number) for name in sorted(parts[number])]
        with closing(read_ahead(_footer_or_error, self._storage, ours)) as footers:
            for shard in cut(source.items, self._shard_rows, replace(source.search, undivided=False)):
                self._shards, part = shard.number + 1, shard.part
                self._inputs.update(part.encode())
                there = parts.pop(shard.number, [])
                if not self._share.has(shard.number):
                    continue
                shorter = [name for name in there if name != part]
                for name in shorter:
                    if not begins(open_part(self._storage, name), shard):
                        raise self._others(name)
                if part not in there:
                    self._begin_again()
                    yield shard, shorter
                    continue
                footer = next(footer for name, footer in footers if name == part)
                if isinstance(footer, OutputError):
                    raise footer
                self._count(part, *footer, summary, on_rows)
                for name in shorter:  # a process was killed after it had written the longer one
                    self._storage.remove(name)
        if parts:
            raise self._others(parts[min(parts)][0])

    def _begin_again(self) -> None:
        """Take back what says that all is there."""
        for name in self._ended:
            self._storage.remove(name)
        self._ended = set()

    def write_record(self, summary: RunSummary, state: State) -> None:
        """Note beside the parts how far this run came.

        Raises:
            OutputError: it cannot be written.
        """
        ended = {"shards": self._shards, "inputs": self._inputs.hexdigest(), "summary": summary.as_dict()}
        text = json.dumps(ended, indent=1) + "\n"
        if state == "complete":
            self._check_alone()
            self._withdraw_success(ended)
            self._storage.write(self._share.done, text.encode())
        if state == "running":
            self._storage.write(*self.marker)
        else:
            self._storage.remove(self._share.running)

    def _withdraw_success(self, ended: dict[str, Any]) -> None:
        """Remove what says that all is there, where that was said of other inputs."""
        try:
            found = json.loads(self._storage.read(SUCCESS) or b"null")
        except ValueError:
            found = {}
        said = found if isinstance(found, dict) else {}
        if found is not None and any(said.get(key) != ended[key] for key in ("shards", "inputs")):
            self._storage.remove(SUCCESS)

    def _check_alone(self) -> None:
        """See that no other run has written here meanwhile, of other settings or inputs.

        Raises:
            UsageError: it was made anew by a run that answers differently.
            OutputError: there are parts of other inputs.
        """
        self._check(self._record)
        for number, parts in listed(self._storage.names()).items():
            if number >= self._shards or (self._share.has(number) and len(parts) > 1):
                raise OutputError(
                    f"another run has written to {self.place} meanwhile ({', '.join(sorted(parts)[:2])}): when it "
                    "has ended, --resume says what is there"
                )

    def _count(
        self,
        part: str,
        record: dict[str, Any],
        counts: dict[str, Any],
        summary: RunSummary,
        on_rows: Callable[[int], None],
    ) -> None:
        check_record(self.place, part, record, self._record)
        summary.add_part(counts)
        summary.resumed += counts["rows"]
        on_rows(counts["rows"])

    def _others(self, part: str) -> UsageError:
        return UsageError(
            f"{self.place} cannot be resumed, its inputs were others: {part} holds rows of images that are not at "
            "this place among the inputs; name another output, or --overwrite this one"
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
        for name in names:
            if name.endswith(".parquet") and not name.startswith((".", "_")) and not listed([name]):
                raise UsageError(
                    f"{self.place} holds {name}, which is no part of a run of this version: name a new folder"
                )
        shares = {int(match[1]) for name in names if (match := BESIDE.fullmatch(name)) and match[1]}
        if share.of > 1 and (others := shares - {1, share.of}):
            raise UsageError(
                f"{self.place} is divided in {min(others)} shards already, not in {share.of}: --shard "
                f"{min(share.number, *others)}/{min(others)}"
            )


def _footer_or_error(storage: Storage, name: str) -> tuple[dict[str, Any], dict[str, Any]] | OutputError:
    """A part's footer; it does not matter of one that is replaced meanwhile that it is gone."""
    try:
        return part_footer(storage, name)
    except OutputError as error:
        return error
