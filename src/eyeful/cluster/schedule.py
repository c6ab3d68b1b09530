"""Who makes which shard next, and again when its worker died. It knows neither Ray nor what a shard holds."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eyeful.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from eyeful.shards import Shard

IN_HAND = 2
"""Shards that a worker has at a time, so that it need not wait for the next one."""
_MOST_FAILURES = 4
_REPEAT_AFTER = 2.0
"""Seconds that a shard has been in one worker's hand before an idle one makes it too."""


@dataclass(slots=True, eq=False)
class Task:
    """A shard that has no part yet.

    Attributes:
        shard: what to make.
        replaces: parts that go when its own is there.
        failures: workers that died with it, and parts that could not be written.
        anyway: it is known that files of it are not there.
        held_by: the workers that make it.
        since: when the first of them got it, as `clock` has it.
    """

    shard: Shard
    replaces: tuple[str, ...] = ()
    failures: int = 0
    anyway: bool = False
    held_by: set[Hashable] = field(default_factory=set)
    since: float = 0.0


class Schedule:
    """The shards of a run, as they are handed out: in order, each until it is made.

    Args:
        tasks: of the shards that have no part; taken lazily.
        clock: seconds.
    """

    def __init__(self, tasks: Iterator[Task], clock: Callable[[], float] = time.monotonic) -> None:
        self._tasks = tasks
        self._clock = clock
        self._again: deque[Task] = deque()
        self._unmade: dict[int, Task] = {}  # in somebody's hand, by number; the oldest first
        self._hands: Counter[Hashable] = Counter()
        self._exhausted = False

    @property
    def is_finished(self) -> bool:
        """Whether every shard is made; told only after `next_for` found nothing new."""
        return self._exhausted and not self._again and not self._unmade

    def next_for(self, worker: Hashable) -> Task | None:
        """What a worker shall make now: a failed shard, a new one, or the oldest that another still has."""
        if self._hands[worker] >= IN_HAND:
            return None
        task = self._again.popleft() if self._again else self._next()
        if task is None:
            task = self._oldest_of_others(worker)
        if task is not None:
            if not task.held_by:
                task.since = self._clock()
            task.held_by.add(worker)
            self._hands[worker] += 1
            self._unmade[task.shard.number] = task
        return task

    def is_made(self, task: Task, worker: Hashable) -> bool:
        """Take a shard from a worker whose part is there; False where another worker was faster."""
        self._take(task, worker)
        return self._unmade.pop(task.shard.number, None) is task

    def has_failed(self, task: Task, worker: Hashable, reason: str) -> None:
        """Take a shard from a worker that did not make it; it is made again, image by image.

        Args:
            task: the shard.
            worker: who had it.
            reason: what happened.

        Raises:
            ClusterError: it happened too often.
        """
        if task.shard.number in self._unmade:
            task.failures += 1
        if task.failures >= _MOST_FAILURES:
            first, last = task.shard.items[0].filename, task.shard.items[-1].filename
            raise ClusterError(
                f"the shard of {first} to {last} (number {task.shard.number}) failed {task.failures} times, "
                f"lastly: {reason}"
            )
        self.give_back(task, worker)

    def give_back(self, task: Task, worker: Hashable) -> None:
        """Take a shard from a worker, without fault of the shard."""
        self._take(task, worker)
        if not task.held_by and self._unmade.pop(task.shard.number, None) is not None:
            self._again.append(task)

    def _take(self, task: Task, worker: Hashable) -> None:
        task.held_by.discard(worker)
        self._hands[worker] -= 1

    def _next(self) -> Task | None:
        task = next(self._tasks, None)
        self._exhausted = task is None
        return task

    def _oldest_of_others(self, worker: Hashable) -> Task | None:
        due = self._clock() - _REPEAT_AFTER
        return next(
            (
                task
                for task in self._unmade.values()
                if worker not in task.held_by and len(task.held_by) == 1 and task.since <= due
            ),
            None,
        )
