"""What stands on each node: one whole classifier, which makes the parts of shards. It knows nothing of Ray."""

from __future__ import annotations

import os
import platform
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eyeful.classifier import open_classifier
from eyeful.isolate import isolate_suspects
from eyeful.runs import RunSummary, run
from eyeful.runs.record import record_of
from eyeful.shards import PartsSink, open_storage
from eyeful.sources import Source

if TYPE_CHECKING:
    from eyeful.cluster.package import Package
    from eyeful.predictor import PredictorSpec
    from eyeful.shards import Shard

_LIBRARIES = ("eyeful", "pillow", "numpy", "openvino", "onnxruntime", "torch")
"""What decides the bits of an answer, beside the machine."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a node says of itself.

    Attributes:
        host: its name.
        versions: of Python and of libraries; None for one that is not installed.
        sees_output: whether it finds this run's output where this run wrote it.
    """

    host: str
    versions: dict[str, str | None]
    sees_output: bool


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
        found[name] = None
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


class Worker:
    """One classifier, whose methods are called in this order; `make` by two threads at once.

    Two shards at a time keep every core busy where one of them begins or ends.
    """

    def greet(self, folder: str, place: str, marker: str, content: bytes) -> Greeting:
        """Say what this node is, and see whether it has what the driver has.

        Args:
            folder: the driver's working directory, which relative names are relative to.
            place: the output.
            marker: the name of a file in it.
            content: what that holds.
        """
        with suppress(OSError):
            os.chdir(folder)
        self._storage = open_storage(place)
        host = os.environ.get("EYEFUL_NODE") or socket.gethostname()
        return Greeting(host, versions(), self._storage.read(marker) == content)

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

    def make(self, shard: Shard, replaces: tuple[str, ...], *, alone: bool, anyway: bool) -> Made:
        """Make the part of a shard.

        Args:
            shard: what to classify.
            replaces: parts that go when this one is there.
            alone: every image is first tried in a process of its own, since one may have killed a worker.
            anyway: files that are not there become error rows.

        Raises:
            OutputError: the part cannot be written.
            DecodeTimeoutError: too many images hang; this process must end.
        """
        if not anyway and (unseen := _unseen(shard)):
            return Made({}, unseen)
        summary = RunSummary()
        sink = PartsSink(self._storage, self._record)
        items = sink.items_of(shard, replaces, summary.ignored)
        if alone:
            items = isolate_suspects(items, sys.maxsize, self._classifier.preprocessor)
        made = run(self._classifier, Source(items, single=False, ignored=summary.ignored), [sink])
        return Made(
            {
                "rows": made.rows,
                "abstained": made.abstained,
                "errors": dict(made.errors),
                "ignored": dict(made.ignored),
            }
        )


def _unseen(shard: Shard) -> tuple[str, ...]:
    """Of each folder of a shard the first file, where it is not there."""
    first = {item.content.parent: item.content for item in reversed(shard.items) if isinstance(item.content, Path)}
    return tuple(str(path) for path in first.values() if not os.path.lexists(path))
