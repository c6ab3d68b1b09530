"""Opening an image in a process of its own, which may crash or hang in the run's stead.

A codec that crashes takes its process with it, and a decode that hangs cannot be interrupted in a thread. But a
process can be lost: what it was opening then becomes an error row, and the run goes on.

The process is a plain interpreter that speaks pickle over its pipes: `multiprocessing` would run the user's own
script once more, and a fork of a process with threads may hang.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Self

from eyeful.cpu import usable_cores
from eyeful.errors import EyefulError
from eyeful.sources import refused

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from eyeful.types import Item

log = logging.getLogger("eyeful")

LIMIT = 30.0
"""Seconds for one image, alone; as long as in a run, so that a crash turns no good image into an error."""
_START = 120.0
"""Seconds for a process to begin."""
_MOST_PROCESSES = 4
"""More would cost more memory than a run itself."""
_CODE = "from eyeful.isolate import serve; serve()"
_READY, _TRIED, _UNKNOWN, _EXPIRED, _DIED = "ready", "tried", "unknown", "expired", "died"


class IsolatedDecoder:
    """Opens one image after another in a process of its own, which is replaced when it dies.

    Any thread may use it; images wait for each other. Use as a context manager or call `close`.

    Args:
        preprocess: opens one item; must be picklable. What it returns or raises does not matter.
        timeout: seconds for one image; `LIMIT` when None.
    """

    def __init__(self, preprocess: Callable[[Item], object], timeout: float | None = None) -> None:
        self._preprocess = preprocess
        self._timeout = LIMIT if timeout is None else timeout
        self._process: _Process | None = None
        self._turn = threading.Lock()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def try_alone(self, item: Item, *, fetch: bool = True) -> Item:
        """The item, if opening it leaves the process alive within the time; else one whose row is the error.

        Args:
            item: what to try.
            fetch: where it cannot be sent to another process, fetch its encoded bytes, which become its content;
                else such an item comes back untried.

        Raises:
            EyefulError: no process can be started.
        """
        with self._turn:
            outcome = self._outcome(item)
            if fetch and outcome == _UNKNOWN and (fetched := _with_bytes(item)) is not None:
                item, outcome = fetched, self._outcome(fetched)
        if outcome == _EXPIRED:
            late = f"not opened within {self._timeout:.0f} seconds, alone"
            return refused(item.filename, "timeout", late, item.columns)
        if outcome == _DIED:
            fatal = "decoding it kills the process, even alone"
            return refused(item.filename, "unreadable", fatal, item.columns)
        return item

    def close(self) -> None:
        """End the process; what another thread tries at the moment comes back untried."""
        self._closed = True
        process = self._process
        if process is not None:
            process.kill()
        with self._turn:
            self._end()

    def _outcome(self, item: Item) -> str:
        try:
            question = pickle.dumps(item)
        except Exception:  # noqa: BLE001 - a function of the user's own, or an image that cannot be read
            return _UNKNOWN
        if self._closed:
            return _UNKNOWN
        if self._process is not None and self._process.has_ended:  # before this image came: not its fault
            self._end()
        outcome = (self._process or self._start()).ask(question, self._timeout)
        if outcome in (_EXPIRED, _DIED):
            self._end()
        return _UNKNOWN if self._closed else outcome

    def _start(self) -> _Process:
        try:
            self._process = _Process()
        except OSError as error:
            raise EyefulError(f"cannot start a process to try an image alone: {error.strerror}") from error
        if self._closed:  # `close` came too early to kill it
            self._process.kill()
        task = pickle.dumps((self._timeout, pickle.dumps(self._preprocess)))
        if self._process.ask(task, _START) != _READY and not self._closed:
            self._end()
            raise EyefulError("cannot start a process to try an image alone: it ends before it begins")
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None


class _Process:
    """A Python that runs `serve`, and a thread that waits for what it says."""

    def __init__(self) -> None:
        path = os.pathsep.join([os.path.realpath(place) for place in sys.path])
        self._popen = subprocess.Popen(  # noqa: S603 - this interpreter, our own code
            [sys.executable, "-P", "-c", _CODE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": path},
        )
        self._replies: SimpleQueue[str] = SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="eyeful-isolate-reply", daemon=True)
        self._reader.start()

    def ask(self, question: bytes, timeout: float) -> str:
        """Send a question and wait for the reply, which is `_DIED` or `_EXPIRED` when there is none."""
        try:
            _send(self._popen.stdin, question)
        except OSError:
            return _DIED
        try:
            reply = self._replies.get(timeout=timeout)
        except Empty:
            return _EXPIRED
        if reply == _DIED:  # for whoever asks next, too
            self._replies.put(_DIED)
        return reply

    @property
    def has_ended(self) -> bool:
        """Whether it runs no more."""
        return self._popen.poll() is not None

    def kill(self) -> None:
        """End the process; whoever waits for its reply gets `_DIED`."""
        self._popen.kill()

    def end(self) -> None:
        """End the process, and wait for it and its thread."""
        self._popen.kill()
        self._reader.join()
        self._popen.communicate()

    def _read(self) -> None:
        pipe: Any = self._popen.stdout
        try:
            while True:
                self._replies.put(str(pickle.load(pipe)))  # noqa: S301 - from the process that we started
        except (EOFError, OSError, pickle.UnpicklingError):
            self._replies.put(_DIED)


def isolate_suspects(items: Iterator[Item], count: int, preprocess: Callable[[Item], object]) -> Generator[Item]:
    """The same items; of the first `count`, those that kill or hang a process are replaced by their error.

    It takes as long as decoding them does on a few cores, plus a process's start for each that crashes.

    Args:
        items: what to classify.
        count: how many may have been in flight.
        preprocess: as for `IsolatedDecoder`.

    Raises:
        EyefulError: no process can be started.
    """
    items = iter(items)
    log.info("the last run crashed: %s are first tried alone", _how_many(count))
    decoders = [IsolatedDecoder(preprocess) for _ in range(min(usable_cores(), _MOST_PROCESSES))]
    idle: SimpleQueue[IsolatedDecoder] = SimpleQueue()
    for decoder in decoders:
        idle.put(decoder)

    def tried(item: Item) -> Item:
        decoder = idle.get()
        try:
            return decoder.try_alone(item)
        finally:
            idle.put(decoder)

    pool = ThreadPoolExecutor(len(decoders), thread_name_prefix="eyeful-isolate")
    pending: deque[Future[Item]] = deque()
    try:
        for item in islice(items, count):
            pending.append(pool.submit(tried, item))
            if len(pending) > 4 * len(decoders):
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for decoder in decoders:
            decoder.close()
        pool.shutdown()
    yield from items


def _how_many(count: int) -> str:
    return "the images that were in flight" if count == sys.maxsize else f"its next {count} images"


def serve() -> None:
    """What the process does: it opens what it is sent, and says so, until it is told no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run, which ends this process
    questions, replies = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a codec prints is no reply
    timeout, data = pickle.loads(pickle.load(questions))  # noqa: S301 - from the process that started this one
    preprocess = pickle.loads(data)  # noqa: S301
    _send(replies, _READY)
    with suppress(EOFError), Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        while True:
            question = pickle.load(questions)  # noqa: S301
            # a run that was killed meanwhile cannot end this process
            faulthandler.dump_traceback_later(timeout + 5, exit=True, file=nowhere)
            _send(replies, _opened(question, preprocess))
            faulthandler.cancel_dump_traceback_later()


def _opened(question: bytes, preprocess: Callable[[Item], object]) -> str:
    try:
        item = pickle.loads(question)  # noqa: S301
    except Exception:  # noqa: BLE001 - whatever the classes of another script raise
        return _UNKNOWN
    with suppress(Exception):  # the run will see it too
        preprocess(item)
    return _TRIED


def _send(pipe: Any, value: object) -> None:
    pickle.dump(value, pipe)
    pipe.flush()


def _with_bytes(item: Item) -> Item | None:
    """An item whose content was fetched; None where there is nothing to fetch, or that fails, as it will again."""
    if not callable(item.content):
        return None
    try:
        return replace(item, content=item.content())
    except Exception:  # noqa: BLE001 - it becomes this item's row when the run opens it
        return None
