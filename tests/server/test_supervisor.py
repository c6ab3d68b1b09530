"""The supervisor of `serve --processes`, over small commands in place of servers."""

import logging
import signal
import sys
import threading
import time

import pytest

from eyeful.server import processes
from eyeful.server.processes import Supervisor, _Child

LIVE = "import socket, time; s = socket.socket(fileno=0); s.send(b'.'); "


@pytest.fixture
def supervise(tmp_path, monkeypatch):
    """Runs a command in processes until so many were started, or the supervisor gives up; how many were started."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    started = tmp_path / "started"
    started.touch()

    def run(code, count=1, until=99, on_ready=lambda: None):
        note = f"open({str(started)!r}, 'a').write('x'); "
        supervisor = Supervisor(count, [sys.executable, "-I", "-S", "-c", note + code], str(tmp_path), on_ready)
        for child in supervisor._children:
            child.pause = 0.01

        def stop():
            deadline = time.monotonic() + 20
            while started.stat().st_size < until and time.monotonic() < deadline:
                time.sleep(0.01)
            supervisor._stop(signal.SIGTERM, None)

        threading.Thread(target=stop, daemon=True).start()
        try:
            supervisor.run()
        finally:
            found = started.stat().st_size
        return found

    return run, started


def test_a_first_start_that_fails_ends_with_2_and_is_not_repeated(supervise):
    """REVIEW 19."""
    run, started = supervise
    with pytest.raises(SystemExit) as ended:
        run("raise SystemExit(2)", count=3)
    assert ended.value.code == 2
    assert started.stat().st_size == 1


def test_a_first_start_that_is_killed_says_so(supervise):
    run, started = supervise
    with pytest.raises(processes.EngineError, match="killed by signal 9 while it started"):
        run("import os; os.kill(os.getpid(), 9)", count=2)
    assert started.stat().st_size == 1


def test_the_others_start_when_the_first_is_ready(supervise):
    run, started = supervise
    at_ready = []
    assert run(LIVE + "time.sleep(60)", 3, 3, lambda: at_ready.append(started.stat().st_size)) == 3
    assert at_ready == [1]


def test_one_that_ends_is_replaced(supervise, caplog):
    run, _ = supervise
    with caplog.at_level(logging.ERROR, "eyeful.server"):
        assert run(LIVE + "raise SystemExit(3)", until=3) >= 3
    assert "a server process ended with 3; another takes its place" in caplog.text


def test_one_that_ends_by_the_signal_that_it_is_sent_is_no_error(supervise, caplog):
    run, _ = supervise
    run(LIVE + "time.sleep(60)", until=1)
    assert "ended with" not in caplog.text


def test_one_that_is_silent_is_killed_and_replaced(supervise, monkeypatch, caplog):
    """REVIEW 11: a process whose decode hangs no longer beats."""
    monkeypatch.setattr(processes, "_SILENCE", 0.2)
    run, _ = supervise
    with caplog.at_level(logging.ERROR, "eyeful.server"):
        assert run(LIVE + "time.sleep(60)", until=2) >= 2
    assert "is not live any more; it is killed" in caplog.text


def test_pauses_double_up_to_a_minute_and_begin_again_after_a_long_life():
    child = _Child(set())
    assert [child.next_pause() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    child.live_since = time.monotonic() - 61
    assert child.next_pause() == 0
    child.live_since = None
    assert child.next_pause() == 1
