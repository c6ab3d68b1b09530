"""Several server processes on one port: the parent binds it and watches, its children listen and answer."""

import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from types import FrameType

from prometheus_client import multiprocess

from eyeful.errors import EngineError, UsageError

log = logging.getLogger("eyeful.server")

_LOOK = 0.1
"""Seconds between two looks at the children."""
_STARTING = 60.0
"""A child that fails before this many seconds would only fail again."""


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket that is bound but does not listen yet.

    Raises:
        UsageError: the address cannot be had.
    """
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except (OSError, OverflowError) as error:
        bound.close()
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot listen on {host}, port {port}: {reason}; --port 0 takes a free one") from error
    return bound


def url_of(bound: socket.socket) -> str:
    """Where clients find a bound socket."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run_processes(count: int, host: str, port: int) -> None:
    """Run this very command in `count` processes, which share a port, until a signal comes.

    Each child gets a share of the cores. One that dies is replaced; SIGTERM and SIGINT go to all.

    Raises:
        UsageError: the address cannot be had.
        EngineError: a child could not start; it has said why.
    """
    with bound_socket(host, port) as bound, tempfile.TemporaryDirectory(prefix="eyeful-metrics-") as metrics:
        log.info("%d processes, running on %s", count, url_of(bound))
        _Parent(count, bound.fileno(), os.environ | {"PROMETHEUS_MULTIPROC_DIR": metrics}).run()


def stop_with_parent() -> None:
    """In a child: end as on SIGTERM when the parent is no more, however it went."""

    def wait() -> None:
        os.read(sys.stdin.fileno(), 1)  # the parent writes nothing, and holds it open as long as it lives
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


class _Parent:
    def __init__(self, count: int, fd: int, environment: dict[str, str]) -> None:
        self._fd = fd
        self._environment = environment
        self._stopping: int | None = None
        self._children: dict[int, tuple[subprocess.Popen[bytes], float]] = {}
        self._count = count

    def run(self) -> None:
        """Until a signal comes, or a child cannot start."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        try:
            for place in range(self._count):
                self._start(place)
            while self._stopping is None:
                time.sleep(_LOOK)
                self._replace_the_dead()
        finally:
            self._end(self._stopping or signal.SIGTERM)

    def _stop(self, number: int, _: FrameType | None) -> None:
        if self._stopping is not None:  # a second signal ends it at once, as it does one server
            self._signal_children(number)
        self._stopping = number

    def _start(self, place: int) -> None:
        command = [sys.executable, *sys.orig_argv[1:], "--fd", str(self._fd)]
        child = subprocess.Popen(  # noqa: S603 - our own command
            command,
            stdin=subprocess.PIPE,
            env=self._environment,
            pass_fds=[self._fd],
            start_new_session=True,  # Ctrl-C comes to the parent only, which passes it on
        )
        if hasattr(os, "sched_setaffinity"):
            cores = sorted(os.sched_getaffinity(0))
            if share := cores[place :: self._count]:
                os.sched_setaffinity(child.pid, share)
        self._children[place] = child, time.monotonic()

    def _replace_the_dead(self) -> None:
        for place, (child, since) in list(self._children.items()):
            if child.poll() is None or self._stopping is not None:
                continue
            multiprocess.mark_process_dead(child.pid, self._environment["PROMETHEUS_MULTIPROC_DIR"])  # type: ignore[no-untyped-call]
            if child.returncode > 0 and time.monotonic() - since < _STARTING:
                raise EngineError("a server process could not start; the lines above say why")
            log.error("a server process ended with %d; another takes its place", child.returncode)
            self._start(place)

    def _signal_children(self, number: int) -> None:
        for child, _ in self._children.values():
            child.send_signal(number)

    def _end(self, number: int) -> None:
        self._signal_children(number)
        for child, _ in self._children.values():
            if child.wait() > 0:
                log.error("a server process ended with %d", child.returncode)
