"""Who makes which shard next, and again when its worker died. It knows neither Ray nor what a shard holds."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eyeful.errors import ClusterError
from eyeful.filenames import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from eyeful.shards import Shard

MAX_ASSIGNED = 2
"""Shards that a worker has at a time, so that it need not wait for the next one."""
_MOST_FAILURES = 4
_REPEAT_AFTER = 2.0
"""Seconds that a shard has been with one worker before an idle one makes it too."""
_OTHERS_FIRST = 10.0
"""Seconds in which a shard whose part could not be written is for other workers than the one that tried."""


@dataclass(slots=True, eq=False)
class Task:
    """A shard that has no part yet.

    Attributes:
        shard: what to make.
        replaces: parts that go when its own is there.
        deaths: workers that died with it; one of its images may be the reason.
        failed_writes: attempts whose part could not be written.
        accept_missing: it is known that files of it are not there.
        workers: who make it.
        since: when the first of them got it, as `clock` has it.
        not_before: when it may be tried again.
        failed_on: who could not write it.
    """

    shard: Shard
    replaces: tuple[str, ...] = ()
    deaths: int = 0
    failed_writes: int = 0
    accept_missing: bool = False
    workers: set[Hashable] = field(default_factory=set)
    since: float = 0.0
    not_before: float = 0.0
    failed_on: set[Hashable] = field(default_factory=set)


class Schedule:
    """The shards of a run, as they are handed out: in order, each until it is made.

    Args:
        tasks: of the shards that have no part; taken lazily.
        clock: seconds.
    """

    def __init__(self, tasks: Iterator[Task], clock: Callable[[], float] = time.monotonic) -> None:
        self._tasks = tasks
        self._clock = clock
        self._again: list[Task] = []
        self._assigned: dict[int, Task] = {}  # by number, the oldest first
        self._count: Counter[Hashable] = Counter()
        self._exhausted = False

    @property
    def is_finished(self) -> bool:
        """Whether every shard is made; told only after `next_for` found nothing new."""
        return self._exhausted and not self._again and not self._assigned

    def next_for(self, worker: Hashable) -> Task | None:
        """What a worker shall make now: a failed shard, a new one, or the oldest that another still has."""
        if self._count[worker] >= MAX_ASSIGNED:
            return None
        task = self._failed(worker) or self._next() or self._oldest_of_others(worker)
        if task is not None:
            if not task.workers:
                task.since = self._clock()
            task.workers.add(worker)
            self._count[worker] += 1
            self._assigned[task.shard.number] = task
        return task

    def mark_made(self, task: Task, worker: Hashable) -> bool:
        """Take a shard from a worker whose part is there; False where another worker was faster."""
        self._take(task, worker)
        return self._assigned.pop(task.shard.number, None) is task

    def mark_death(self, task: Task, worker: Hashable, reason: str) -> None:
        """Take a shard from a worker that died; it is made again, image by image.

        Raises:
            ClusterError: it was the fourth.
        """
        if task.shard.number in self._assigned:
            task.deaths += 1
            self._check(task, task.deaths, reason)
        self.give_back(task, worker)

    def mark_failed_write(self, task: Task, worker: Hashable, reason: str) -> None:
        """Take a shard from a worker that could not write its part; it is made again later, by others first.

        Raises:
            ClusterError: it was the fourth time.
        """
        if task.shard.number in self._assigned:
            task.failed_writes += 1
            self._check(task, task.failed_writes, reason)
            task.failed_on.add(worker)
            task.not_before = self._clock() + 2.0 ** (task.failed_writes - 1)
        self.give_back(task, worker)

    def give_back(self, task: Task, worker: Hashable) -> None:
        """Take a shard from a worker, without fault of the shard."""
        self._take(task, worker)
        if not task.workers and self._assigned.pop(task.shard.number, None) is not None:
            self._again.append(task)

    @staticmethod
    def _check(task: Task, failures: int, reason: str) -> None:
        if failures >= _MOST_FAILURES:
            number, items = task.shard.number, task.shard.items
            first, last = printable(items[0].filename), printable(items[-1].filename)
            raise ClusterError(
                f"the shard of {first} to {last} (number {number}) failed {failures} times, lastly: {reason}"
            )

    def _take(self, task: Task, worker: Hashable) -> None:
        task.workers.discard(worker)
        self._count[worker] -= 1

    def _failed(self, worker: Hashable) -> Task | None:
        now = self._clock()
        for task in self._again:
            if task.not_before <= now and (worker not in task.failed_on or task.not_before + _OTHERS_FIRST <= now):
                self._again.remove(task)
                return task
        return None

    def _next(self) -> Task | None:
        task = next(self._tasks, None)
        self._exhausted = task is None
        return task

    def _oldest_of_others(self, worker: Hashable) -> Task | None:
        due = self._clock() - _REPEAT_AFTER
        return next(
            (
                task
                for task in self._assigned.values()
                if worker not in task.workers and len(task.workers) == 1 and task.since <= due
            ),
            None,
        )
