"""Who greets workers, has them open the one classifier, and hands out shards until all have parts."""

from __future__ import annotations

import logging
import time
from collections import deque
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eyeful.cluster.schedule import Schedule, Task
from eyeful.cluster.summary import ClusterSummary
from eyeful.cluster.worker import versions
from eyeful.errors import ClusterError, DecodeTimeoutError, EyefulError, OutputError, StoppedError, one_line
from eyeful.runs import RunSummary
from eyeful.sources.cloud import is_cloud

if TYPE_CHECKING:
    from collections.abc import Callable

    from eyeful.cluster.worker import Greeting, Made
    from eyeful.cluster.workers import Actor, Reply, Workers
    from eyeful.predictor import PredictorSpec
    from eyeful.runs import PartsOutput, SignalHandler
    from eyeful.sources import Source

log = logging.getLogger("eyeful")

_TICK = 0.2
_LONGEST_WAIT = 60.0
"""Seconds that those who are ready wait for those who are not, so that a node at fault is found before a row is
written."""
_MOST_WAITING = 600.0
"""Seconds for a first worker to be ready."""


class Driver:
    """One run's part of this machine.

    Args:
        workers: none yet.
        package: the model, as Ray hands it to them.
        spec: what answers; each worker says where its model is.
        source: what to classify.
        output: where parts lie.
        stop: when a signal came, nothing more is begun.
        on_rows: called with the number of new rows.

    Attributes:
        summary: how far it came.
    """

    def __init__(  # noqa: PLR0917 - what one run consists of
        self,
        workers: Workers,
        package: Any,
        spec: PredictorSpec,
        source: Source,
        output: PartsOutput,
        stop: SignalHandler | None,
        on_rows: Callable[[int], None],
    ) -> None:
        self.summary = ClusterSummary(RunSummary(ignored=source.ignored))
        self._workers = workers
        self._package = package
        self._spec = spec
        self._output = output
        self._stop = stop
        self._on_rows = on_rows
        place = output.place if is_cloud(output.place) else str(Path(output.place).absolute())
        self._greeting = (str(Path.cwd()), place, *output.marker)
        tasks = (Task(shard, tuple(there)) for shard, there in output.shards(source, self.summary.counts, on_rows))
        self._schedule = Schedule(tasks)
        self._record: dict[str, Any] | None = None
        self._opening = False
        self._greeted: deque[Actor] = deque()
        self._ready: set[Actor] = set()
        self._started: float | None = None

    def run(self, began: float) -> None:
        """Until every shard has its part."""
        while not self._schedule.is_finished:
            if self._stop is not None and self._stop.signal is not None:
                raise StoppedError(self._stop.signal)
            for worker in self._workers.start_missing():
                self._workers.call(worker, "greet", *self._greeting)
            self._start(began)
            self._hand_out()
            if self._schedule.is_finished:
                break
            for reply in self._workers.replies(_TICK):
                self._take(reply)
        for worker in self._ready:
            self._note_span(worker)

    def _start(self, began: float) -> None:
        """Begin when all are ready that there are, or the first has waited long enough for the others."""
        now = time.monotonic()
        if self._started is not None:
            return
        if not self._ready:
            if now - began > _MOST_WAITING:
                raise ClusterError(f"no worker was ready within {_MOST_WAITING:.0f} s: is the cluster busy?")
            return
        first = min(worker.ready for worker in self._ready if worker.ready is not None)
        if len(self._ready) == len(self._workers) or now - first > _LONGEST_WAIT:
            self._started = now
            self.summary.startup = now - began

    def _hand_out(self) -> None:
        if self._started is None:
            return
        for worker in sorted(self._ready, key=lambda worker: worker.host):
            while (task := self._schedule.next_for(worker)) is not None:
                how = {"alone": task.failures > 0, "anyway": task.anyway}
                self._workers.call(worker, "make", task.shard, task.replaces, about=task, **how)

    def _take(self, reply: Reply) -> None:
        if reply.death is not None or isinstance(reply.error, DecodeTimeoutError):
            self._take_death(reply, reply.death or str(reply.error))
        elif reply.method == "make":
            self._take_made(reply)
        elif reply.error is not None:
            self._refuse(reply.worker, one_line(reply.error, 300))
        elif reply.method == "greet":
            self._take_greeting(reply.worker, reply.value)
        elif reply.method == "open":
            self._take_opened(reply.worker, *reply.value)
        elif reply.method == "begin":
            self._take_begun(reply.worker)

    def _take_greeting(self, worker: Actor, greeting: Greeting) -> None:
        worker.host = greeting.host
        ours = versions()
        for name, version in greeting.versions.items():
            if version != ours.get(name):
                self._refuse(
                    worker, f"it has {_called(name, version)}, the driver {_called(name, ours.get(name))}"
                )
                return
        if not greeting.sees_output:
            place = self._output.place
            self._refuse(worker, f"it does not see {place}: name a folder that all nodes share, or a bucket")
            return
        self._greeted.append(worker)
        self._open_next()

    def _open_next(self) -> None:
        """The first worker opens what was asked for, and so pins it; then the others open the very same."""
        while self._greeted and not (self._opening and self._record is None):
            self._opening = True
            worker = self._greeted.popleft()
            self._workers.call(worker, "open", self._package, self._spec, worker.cpus)

    def _take_opened(self, worker: Actor, spec: PredictorSpec, record: dict[str, Any]) -> None:
        if self._record is None:
            self._record = self._output.claim(record)
            self._spec = replace(self._spec, pinned=spec.pinned)
        self._workers.call(worker, "begin", self._record)
        self._open_next()

    def _take_begun(self, worker: Actor) -> None:
        worker.ready = time.monotonic()
        self._ready.add(worker)

    def _take_made(self, reply: Reply) -> None:
        task, made, worker = reply.about, reply.value, reply.worker
        if isinstance(reply.error, OutputError):
            self._schedule.has_failed(task, worker, str(reply.error))
        elif reply.error is not None:
            raise (
                reply.error
                if isinstance(reply.error, EyefulError)
                else self._fault(worker, one_line(reply.error, 300))
            )
        elif made.unseen:
            self._take_unseen(worker, task, made)
        elif self._schedule.is_made(task, worker):
            self.summary.counts.add_part(made.counts)
            self.summary.rows[worker.host] += made.counts["rows"]
            self._on_rows(made.counts["rows"])

    def _take_unseen(self, worker: Actor, task: Task, made: Made) -> None:
        lacking = next((name for name in made.unseen if Path(name).exists()), None)
        if lacking is not None:
            raise self._fault(
                worker, f"it does not see {lacking}: name inputs where all nodes find them, or in a bucket"
            )
        task.anyway = True  # they are gone here too
        self._schedule.give_back(task, worker)

    def _take_death(self, reply: Reply, why: str) -> None:
        worker = reply.worker
        self.summary.deaths += 1
        self._note_span(worker)
        self._ready.discard(worker)
        with suppress(ValueError):
            self._greeted.remove(worker)
        was_opening = False
        for lost in [reply, *self._workers.stop(worker, at_fault=worker.ready is None)]:
            was_opening |= lost.method == "open"
            if lost.method == "make":
                self._schedule.has_failed(lost.about, worker, f"its worker on {worker.host} died ({why})")
        if worker.ready is None and self._workers.keeps_dying(worker):
            self._refuse(worker, f"its workers die before they begin: {why}")
        if was_opening and self._record is None:
            self._opening = False
            self._open_next()

    def _note_span(self, worker: Actor) -> None:
        if worker.ready is not None and self._started is not None:
            began, _ = self.summary.spans.get(worker.host, (max(worker.ready, self._started), 0.0))
            self.summary.spans[worker.host] = (began, time.monotonic())

    def _refuse(self, worker: Actor, what: str) -> None:
        """End the run for a node that cannot take part; one that comes later is only left out.

        Raises:
            ClusterError: the run has not begun.
        """
        if self._started is None:
            raise self._fault(worker, what)
        log.warning("%s; the run goes on without it", self._fault(worker, what))
        self._workers.exclude(worker)
        self._workers.stop(worker)

    @staticmethod
    def _fault(worker: Actor, what: str) -> ClusterError:
        return ClusterError(f"the node {worker.host} cannot take part: {what}")


def _called(name: str, version: str | None) -> str:
    return f"{name} {version}" if version else f"no {name}"
