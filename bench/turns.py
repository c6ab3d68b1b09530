"""Processes that take turns on a machine: what is compared runs in one of its own, and works when it is its turn.

A script starts itself again as a `Runner`; there `answer` reads one job for each line and replies what it took. So
libraries that set threads for a whole process, or two revisions of one package, do not meet.
"""

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Self

_FLAG = "--answer"


class Taken(NamedTuple):
    """What a job took: seconds by the clock, and CPU seconds of all threads and of children that have ended."""

    wall: float
    cpu: float


class Runner:
    """A script in a process of its own; `ready` is what it said when it could begin."""

    def __init__(self, script: str, request: dict[str, Any], environment: dict[str, str] | None = None) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, script, _FLAG, json.dumps(request)],
            env=os.environ | (environment or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ready = self._reply()

    def take_turn(self, *job: Any) -> Taken:
        """Have a job done, and wait for it."""
        print(json.dumps(job), file=self._process.stdin, flush=True)
        return Taken(*self._reply())

    def _reply(self) -> Any:
        if not (line := self._process.stdout.readline()):
            self._process.communicate()
            sys.exit(f"a process ended with {self._process.returncode}: its own message is above")
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # the end of its input is the end of its work


def request() -> dict[str, Any] | None:
    """What this process was started for by a `Runner`; None in the script's first process."""
    return json.loads(sys.argv[2]) if sys.argv[1:2] == [_FLAG] else None


def answer(prepare: Callable[[], tuple[Any, Callable[..., object]]]) -> None:
    """Prepare, say so, and do the jobs that come.

    Args:
        prepare: gives what `ready` shall be, and the function that does a job.
    """
    replies, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no reply
    ready, work = prepare()
    print(json.dumps(ready), file=replies, flush=True)
    for line in sys.stdin:
        gc.collect()
        started, started_cpu = time.perf_counter(), sum(os.times()[:4])
        work(*json.loads(line))
        taken = Taken(time.perf_counter() - started, sum(os.times()[:4]) - started_cpu)
        print(json.dumps(taken), file=replies, flush=True)
