"""What stands on each node: one whole classifier, which makes the parts of shards. It knows nothing of Ray."""

from __future__ import annotations

import os
import platform
import socket
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from eyeful.classifier import open_classifier
from eyeful.cluster.watchdog import Watchdog
from eyeful.extras import version_of
from eyeful.isolate import isolate_suspects
from eyeful.runs import run
from eyeful.runs.record import record_of
from eyeful.shards import PartsSink, open_storage
from eyeful.sources import Source, Undivided

if TYPE_CHECKING:
    from eyeful.cluster.package import Package
    from eyeful.predictor import PredictorSpec
    from eyeful.shards import Shard
    from eyeful.types import Item

_LIBRARIES = ("eyeful", "pillow", "numpy", "openvino", "onnxruntime", "torch")
"""What decides the bits of an answer, beside the machine."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a node says of itself.

    Attributes:
        host: its name.
        versions: of Python and of libraries; None for one that is not installed.
        sees_output: whether it finds this run's output where this run wrote it.
        unseen: the first input's file, where it does not find that.
    """

    host: str
    versions: dict[str, str | None]
    sees_output: bool
    unseen: str | None


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a shard.

    Attributes:
        counts: of its part's rows, as `part_counts` has them.
        unseen: files that this node does not have; then there is no part.
    """

    counts: dict[str, Any]
    unseen: tuple[str, ...] = ()


def versions() -> dict[str, str | None]:
    """Of this machine; see `Greeting`."""
    found: dict[str, str | None] = {"Python": ".".join(platform.python_version_tuple()[:2])}
    for name in _LIBRARIES:
        found[name] = version_of(name)
    return found


class Worker:
    """One classifier, whose methods are called in this order; `make` by two threads at once.

    Two shards at a time keep every core busy where one of them begins or ends.
    """

    def __init__(self) -> None:
        self._watchdog = Watchdog()

    def greet(self, folder: str, first: str | None, place: str, marker: str, content: bytes) -> Greeting:
        """Say what this node is, and see whether it has what the driver has.

        Args:
            folder: the driver's working directory, which relative names are relative to.
            first: the first input's file.
            place: the output.
            marker: the name of a file in it.
            content: what that holds.
        """
        with suppress(OSError):
            os.chdir(folder)
        self._place = place
        host = os.environ.get("EYEFUL_NODE") or socket.gethostname()
        unseen = first if first is not None and not os.path.lexists(first) else None
        return Greeting(host, versions(), open_storage(place).read(marker) == content, unseen)

    def open(self, package: Package, spec: PredictorSpec, threads: int) -> tuple[PredictorSpec, dict[str, Any]]:
        """Open the classifier; the spec that it is pinned to, and the record of what it makes.

        Args:
            package: the model.
            spec: what is asked for, or pinned to by another node.
            threads: cores that it may use: Ray divides a node between actors, and binds none of them.

        Raises:
            EyefulError: it cannot be opened, or would answer differently from that other node.
        """
        local = replace(
            spec,
            model=str(package.unpack()),
            workers=spec.workers or threads,
            threads=spec.threads or threads,
        )
        self._classifier = open_classifier(local)
        self._record = record_of(self._classifier)
        return self._classifier.spec, self._record

    def begin(self, record: dict[str, Any]) -> None:
        """Make parts under this record from now on: that of the run."""
        self._record = record
        self._watchdog.start()

    def make(self, shard: Shard, replaces: tuple[str, ...], *, isolated: bool, accept_missing: bool) -> Made:
        """Make the part of a shard.

        Args:
            shard: what to classify.
            replaces: parts that go when this one is there.
            isolated: every image is first tried in a process of its own, since one may have killed a worker.
            accept_missing: files that are not there become error rows.

        Raises:
            OutputError: the part cannot be written.
            DecodeTimeoutError: too many images hang; this process must end.
        """
        if not accept_missing and (unseen := _unseen(shard)):
            return Made({}, unseen)
        ignored: Counter[str] = Counter()
        sink = PartsSink(open_storage(self._place), self._record, whole=True)
        items = sink.items_of(shard, replaces, ignored)
        if isolated:
            items = isolate_suspects(items, sys.maxsize, self._classifier.preprocessor)
        with self._watchdog.watching() as on_rows:
            source = Source(items, single=False, ignored=ignored)
            made = run(self._classifier, source, [sink], on_rows=on_rows)
        return Made(
            {
                "rows": made.rows,
                "abstained": made.abstained,
                "grouped": made.grouped,
                "none_of_these": made.none_of_these,
                "errors": dict(made.errors),
                "ignored": dict(made.ignored),
            }
        )


def local_path(item: Item) -> str | None:
    """The file that an item is in, by its name on this machine; None for what is elsewhere."""
    content = item.content.text if isinstance(item.content, Undivided) else item.content
    if isinstance(content, Path):
        return str(content)
    name = content if isinstance(content, str) else item.filename
    if name.startswith("file://"):
        return url2pathname(urlsplit(name).path)
    return name if isinstance(content, str) and "://" not in name else None


def _unseen(shard: Shard) -> tuple[str, ...]:
    """Of each folder of a shard the first file, where it is not there."""
    paths = (path for item in shard.items if (path := local_path(item)) is not None)
    first: dict[str, str] = {}
    for path in paths:
        first.setdefault(path.rpartition(os.sep)[0], path)
    return tuple(path for path in first.values() if not os.path.lexists(path))
