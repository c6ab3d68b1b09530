"""Who greets workers, has them open the one classifier, and hands out shards until all have parts."""

from __future__ import annotations

import logging
import math
import os
import time
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eyeful.cluster.schedule import Schedule, Task
from eyeful.cluster.summary import ClusterSummary
from eyeful.cluster.worker import local_path, versions
from eyeful.errors import ClusterError, DecodeTimeoutError, EyefulError, OutputError, StoppedError, one_line
from eyeful.filenames import printable
from eyeful.runs import RunSummary
from eyeful.sources.cloud import is_cloud

if TYPE_CHECKING:
    from collections.abc import Callable, Sized

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
"""Seconds without a worker that is ready, before the run ends."""


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
        source, first = _first_file(source)
        self._greeting = (str(Path.cwd()), first, place, *output.marker)
        tasks = (Task(shard, tuple(there)) for shard, there in output.shards(source, self.summary.counts, on_rows))
        self._schedule = Schedule(tasks)
        self._record: dict[str, Any] | None = None
        self._opening = False
        self._greeted: list[Actor] = []
        self._since = math.inf
        self._ready: set[Actor] = set()
        self._started: float | None = None
        self._idle_since, self._told = time.monotonic(), False

    def run(self, began: float) -> None:
        """Until every shard has its part."""
        while not self._schedule.is_finished:
            if self._stop is not None and self._stop.signal is not None:
                raise StoppedError(self._stop.signal)
            for worker in self._workers.start_missing():
                self._workers.call(worker, "greet", *self._greeting)
            self._open()
            self._start(began)
            self._check_waiting()
            self._hand_out()
            if self._schedule.is_finished:
                break
            for reply in self._workers.replies(_TICK):
                self._take(reply)
        for worker in self._ready:
            self._note_span(worker)

    def _start(self, began: float) -> None:
        """Begin when all are ready that there are, or the first has waited long enough for the others."""
        if self._started is None and self._ready and self._are_all(self._ready):
            self._started = time.monotonic()
            self.summary.startup = self._started - began

    def _check_waiting(self) -> None:
        """Say that there is nobody to work, and end the run where that goes on.

        Raises:
            ClusterError: it has gone on for ten minutes.
        """
        now = time.monotonic()
        if self._ready:
            self._idle_since, self._told = now, False
        idle = now - self._idle_since
        if idle > _MOST_WAITING:
            raise ClusterError(f"no worker has been ready for {_MOST_WAITING:.0f} s: is the cluster busy?")
        if idle > _LONGEST_WAIT and not self._told:
            self._told = True
            log.warning("no worker has been ready for %.0f s: waiting for a node with free cores", idle)

    def _hand_out(self) -> None:
        if self._started is None:
            return
        for worker in sorted(self._ready, key=lambda worker: worker.host):
            while (task := self._schedule.next_for(worker)) is not None:
                how = {"isolated": task.deaths > 0, "accept_missing": task.accept_missing}
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
        if greeting.unseen is not None and os.path.lexists(greeting.unseen):
            self._refuse(worker, _unseen(greeting.unseen))
            return
        self._greeted.append(worker)
        self._since = min(self._since, time.monotonic())

    def _open(self) -> None:
        """Have one worker open what was asked for, and so pin it; then the others open the very same.

        That one is the first by name, so that what `auto` means is the same every day.
        """
        if self._record is None:
            if self._opening or not self._greeted or not self._are_all(self._greeted):
                return
            self._opening = True
            first = min(self._greeted, key=lambda worker: worker.host)
            self._greeted.remove(first)
            self._workers.call(first, "open", self._package, self._spec, first.cpus)
            return
        for worker in self._greeted:
            self._workers.call(worker, "open", self._package, self._spec, worker.cpus)
        self._greeted.clear()

    def _are_all(self, workers: Sized) -> bool:
        """Whether these are all workers that there are, or have waited long enough for the others."""
        return len(workers) == len(self._workers) or time.monotonic() - self._since > _LONGEST_WAIT

    def _take_opened(self, worker: Actor, spec: PredictorSpec, record: dict[str, Any]) -> None:
        if self._record is None:
            self._record = self._output.claim(record)
            self._since = time.monotonic()
            self._spec = replace(self._spec, pinned=spec.pinned)
        self._workers.call(worker, "begin", self._record)

    def _take_begun(self, worker: Actor) -> None:
        worker.ready = time.monotonic()
        self._ready.add(worker)

    def _take_made(self, reply: Reply) -> None:
        task, made, worker = reply.about, reply.value, reply.worker
        if isinstance(reply.error, OutputError):
            self._schedule.mark_failed_write(task, worker, str(reply.error))
        elif reply.error is not None:
            raise (
                reply.error
                if isinstance(reply.error, EyefulError)
                else self._fault(worker, one_line(reply.error, 300))
            )
        elif made.unseen:
            self._take_unseen(worker, task, made)
        elif self._schedule.mark_made(task, worker):
            self.summary.counts.add_part(made.counts)
            self.summary.rows[worker.host] += made.counts["rows"]
            self._on_rows(made.counts["rows"])

    def _take_unseen(self, worker: Actor, task: Task, made: Made) -> None:
        self._schedule.give_back(task, worker)
        lacking = next((name for name in made.unseen if os.path.lexists(name)), None)
        if lacking is None:  # gone here too: error rows
            task.accept_missing = True
        else:
            self._refuse(worker, _unseen(lacking))

    def _take_death(self, reply: Reply, why: str) -> None:
        worker = reply.worker
        self.summary.deaths += 1
        if reply.method == "make":
            self._schedule.mark_death(reply.about, worker, f"its worker on {worker.host} died ({why})")
        lost = [reply, *self._lose(worker, why)]
        if worker.ready is None and self._workers.keeps_dying(worker):
            self._refuse(worker, f"its workers die before they begin: {why}")
        if self._record is None and any(reply.method == "open" for reply in lost):
            self._opening = False

    def _note_span(self, worker: Actor) -> None:
        if worker.ready is not None and self._started is not None:
            began, _ = self.summary.spans.get(worker.host, (max(worker.ready, self._started), 0.0))
            self.summary.spans[worker.host] = (began, time.monotonic())

    def _refuse(self, worker: Actor, what: str) -> None:
        """End the run for a node that cannot take part; where others are at work already, only leave it out.

        Raises:
            ClusterError: the run has not begun, or has no other worker.
        """
        if self._started is None or not self._ready - {worker}:
            raise self._fault(worker, what)
        log.warning("%s; the run goes on without it", self._fault(worker, what))
        self._workers.exclude(worker)
        self._lose(worker, "its node was left out")

    def _lose(self, worker: Actor, why: str) -> list[Reply]:
        """Stop a worker and hand its shards to others; what it leaves without a reply."""
        self._note_span(worker)
        self._ready.discard(worker)
        if worker in self._greeted:
            self._greeted.remove(worker)
        lost = self._workers.stop(worker, at_fault=worker.ready is None)
        for reply in lost:
            if reply.method == "make":
                self._schedule.mark_death(reply.about, worker, f"its worker on {worker.host} died ({why})")
        return lost

    @staticmethod
    def _fault(worker: Actor, what: str) -> ClusterError:
        return ClusterError(f"the node {worker.host} cannot take part: {what}")


def _first_file(source: Source) -> tuple[Source, str | None]:
    """The first input's file, where it has one, and the same source."""
    items = iter(source.items)
    first = tuple(islice(items, 1))
    return replace(source, items=chain(first, items)), next((local_path(item) for item in first), None)


def _unseen(name: str) -> str:
    return f"it does not see {printable(name)}: name inputs where all nodes find them, or in a bucket"


def _called(name: str, version: str | None) -> str:
    return f"{name} {version}" if version else f"no {name}"
