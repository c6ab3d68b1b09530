"""The ordered scheduler: rows before a failure, hung decoders, closed pools."""

import os
import threading
from concurrent.futures import CancelledError

import numpy as np
import pytest
from PIL import Image

from eyeful.errors import EngineError
from eyeful.pipeline import decode, watchdog
from eyeful.pipeline.ordered import DaemonThreads, ordered_map
from eyeful.types import Item
from helpers import FakeEngine, fake_classifier


def test_rows_before_a_failure_of_the_inputs_come_out_first():
    def failing(count):
        for number in range(count):
            yield Image.new("RGB", (9, 9), (100 + number % 100, 0, 0))
        raise OSError("the disk is gone")

    for count in (0, 1, 5, 30, 100):
        rows, error = drained(fake_classifier(workers=2, batch_size=8).stream(failing(count)))
        assert [row.label for row in rows] == ["red"] * count
        assert str(error) == "the disk is gone"


def drained(stream) -> tuple[list, Exception | None]:
    rows = []
    try:
        for row in stream:
            rows.append(row)  # noqa: PERF402 - what came before an error counts
    except OSError as error:
        return rows, error
    return rows, None


def test_an_engine_that_fails_ends_the_stream_with_its_error():
    clf = fake_classifier(FakeEngine(fails_on=7), batch_size=1, workers=1)
    stream = clf.stream([Image.new("RGB", (9, 9), colour) for colour in ("red", (7, 7, 7), "blue")])
    assert next(stream).label == "red"
    with pytest.raises(EngineError, match="asked to fail"):
        list(stream)


def test_a_pool_that_is_closed_cancels_what_has_not_begun():
    begun, gate = threading.Event(), threading.Event()
    threads = DaemonThreads(1, "test")
    running, waiting = threads.submit(lambda: begun.set() or gate.wait()), threads.submit(lambda: 1)
    assert begun.wait(10)
    closing = threading.Thread(target=threads.close)
    closing.start()
    with pytest.raises(CancelledError):
        waiting.result(10)
    gate.set()
    closing.join(10)
    assert running.result(10)
    with pytest.raises(CancelledError):
        threads.submit(lambda: 2).result(10)


@pytest.fixture
def quick(monkeypatch):
    """A decode counts as hung after a tick of a hundredth of a second."""
    monkeypatch.setattr(watchdog, "MAX_TICKS", 3)
    monkeypatch.setattr("eyeful.pipeline.ordered.TICK", 0.05)
    monkeypatch.setattr(decode, "TICK", 0.05)
    monkeypatch.setattr("eyeful.isolate.LIMIT", 3.0)


class Stuck:
    """Content that hangs in this process, the first time or always; it cannot be sent to another one."""

    def __init__(self, times: int) -> None:
        self.times, self.over = times, threading.Event()
        self.lock = threading.Lock()  # which pickles nowhere

    def __call__(self) -> bytes:
        if self.times:
            self.times -= 1
            self.over.wait()
        return b"no image"


@pytest.mark.parametrize("workers", [1, 2])
def test_what_hangs_once_is_opened_again_and_what_hangs_always_is_a_row(quick, workers):
    once, always = Stuck(1), Stuck(9)
    good = [Item(f"{number}", np.full((9, 9, 3), 200, np.uint8)) for number in range(6)]
    items = [good[0], Item("once", once), *good[1:4], Item("always", always), *good[4:]]
    rows = list(fake_classifier(workers=workers).stream(items))
    once.over.set()
    always.over.set()
    assert [row.filename for row in rows] == [item.filename for item in items]
    kinds = {row.filename: row.error_kind for row in rows if not row.ok}
    assert kinds == {"once": "unidentified", "always": "timeout"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_stream_that_is_inherited_by_a_fork_says_so():
    threads = DaemonThreads(1, "test")
    stream = ordered_map(lambda number: number, range(100), threads, 4)
    assert next(stream) == 0
    child = os.fork()
    if child == 0:
        try:
            list(stream)
        except EngineError:
            os._exit(0)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status == 0
    assert list(stream) == list(range(1, 100))
    threads.close()
