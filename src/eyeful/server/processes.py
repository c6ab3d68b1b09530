"""Several server processes on one port: the parent binds it and supervises, its children listen and answer.

uvicorn has a supervisor, but it restarts without a pause, its ping is answered by a thread of a process whose
event loop may hang, and it gives no process its share of the cores.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from prometheus_client import multiprocess

from eyeful.bundle.files import write_atomically
from eyeful.errors import EngineError, UsageError
from eyeful.predictor import PredictorSpec

log = logging.getLogger("eyeful.server")

_TICK = 0.05
"""Seconds between two looks at the children."""
_SILENCE = 30.0
"""a child that has been live and gives no sign for so many seconds is killed; draining takes less."""
_HEALTHY = 60.0
"""A child that lived for so many seconds is replaced at once; others after a pause that doubles."""
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_ENDING = 40.0
"""Seconds for the children to end."""


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket that is bound but does not listen yet.

    Raises:
        UsageError: the address cannot be had.
    """
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    if sys.platform == "win32":  # where the other option lets a second server have the same port
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
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

    Raises:
        UsageError: the address cannot be had, or this is Windows, where no process can inherit the port.
        EngineError, SystemExit: the first child could not start; see `Supervisor.run`.
    """
    if sys.platform == "win32":
        raise UsageError(
            "--processes needs a system on which processes share a port, which Windows is not; "
            "start several servers, each with a --port of its own"
        )
    with bound_socket(host, port) as bound, tempfile.TemporaryDirectory(prefix="eyeful-metrics-") as metrics:
        command = [sys.executable, *sys.orig_argv[1:], "--fd", str(bound.fileno())]
        running = f"{count} processes, running on {url_of(bound)}"
        Supervisor(count, command, metrics, lambda: log.info(running), (bound.fileno(),)).run()


def settled_by_first(name: str, settle: Callable[[], PredictorSpec]) -> PredictorSpec:
    """In a child: the spec that the first child settled on; those that take its place, much later, do so too.

    Args:
        name: of the model.
        settle: what the first child calls.
    """
    file = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]) / f"{name}.spec.json"
    if file.exists():
        return PredictorSpec.from_json(file.read_text(encoding="utf-8"))
    spec = settle()
    write_atomically(file, spec.to_json())
    return spec


class ParentLink:
    """A child's end of the socket that is its standard input: the parent's end closes with the parent."""

    def __init__(self) -> None:
        self._socket = socket.socket(fileno=os.dup(sys.stdin.fileno()))

    def stop_with_parent(self) -> None:
        """From now on end as on SIGTERM when the parent is no more, however it went."""
        threading.Thread(target=self._wait, daemon=True).start()

    def beat(self) -> None:
        """Tell the parent that this process is live."""
        if sys.platform != "win32":  # where `run_processes` refuses
            with suppress(OSError):  # the parent is busy, or gone
                self._socket.send(b".", socket.MSG_DONTWAIT)

    def _wait(self) -> None:
        with suppress(OSError):  # its end is reset if it had not taken in the last beats
            self._socket.recv(1)  # the parent sends nothing
        os.kill(os.getpid(), signal.SIGTERM)


@dataclass(slots=True)
class _Child:
    """One of the processes, and its successors.

    Attributes:
        process: None while the next start is waited for.
        link: the parent's end of the child's standard input.
        live_since: when it was heard first; None: not yet.
        heard: when it was heard last.
        pause: seconds until the next start, if this process does not live long.
        due: when the next start is.
    """

    share: set[int]
    process: subprocess.Popen[bytes] | None = None
    link: socket.socket | None = None
    live_since: float | None = None
    heard: float = 0.0
    pause: float = _FIRST_PAUSE
    due: float = field(default_factory=time.monotonic)

    def listen(self) -> None:
        """Take in what the process has sent."""
        assert self.link is not None  # noqa: S101 - it was started
        with suppress(BlockingIOError, ConnectionResetError):
            if self.link.recv(4096):
                self.heard = time.monotonic()
                self.live_since = self.live_since or self.heard

    def next_pause(self) -> float:
        """Seconds until the next start: none after a long life, else twice as many as the last time."""
        if self.live_since is not None and time.monotonic() - self.live_since >= _HEALTHY:
            self.pause = _FIRST_PAUSE
            return 0.0
        pause, self.pause = self.pause, min(2 * self.pause, _LONGEST_PAUSE)
        return pause


class Supervisor:
    """Keeps processes running.

    The first is started alone: it prepares the model that all share, and what is wrong with the command is said
    once. One that ends, or is no longer live, is replaced: after a pause that doubles up to a minute, unless it
    lived long. Each gets a share of the cores.

    Args:
        count: how many.
        command: what each runs; it calls `ParentLink.beat` every second as long as it is live.
        metrics: the folder that Prometheus' client keeps their counters in.
        on_ready: called when the first is live.
        inherited: file descriptors for the children.
    """

    def __init__(
        self,
        count: int,
        command: list[str],
        metrics: str,
        on_ready: Callable[[], None],
        inherited: tuple[int, ...] = (),
    ) -> None:
        self._command = command
        self._inherited = inherited
        self._environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": metrics}
        self._on_ready = on_ready
        self._stopping: int | None = None
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self._children = [_Child(set(cores[place::count])) for place in range(count)]

    def run(self) -> None:
        """Until a signal comes.

        Raises:
            SystemExit: 2: the first process could not start, and has said why.
            EngineError: it was killed while it started.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        try:
            self._start_first(self._children[0])
            while self._stopping is None:
                for child in self._children:
                    self._tend(child)
                time.sleep(_TICK)
        finally:
            self._end(self._stopping or signal.SIGTERM)

    def _start_first(self, child: _Child) -> None:
        process = self._start(child)
        while self._stopping is None and child.live_since is None:
            code = process.poll()
            child.listen()  # what it sent before it ended counts
            if code is not None and child.live_since is None:
                if code >= 0:
                    raise SystemExit(2)
                raise EngineError(f"a server process was killed by signal {-code} while it started")
            time.sleep(_TICK)
        if self._stopping is None:
            self._on_ready()

    def _tend(self, child: _Child) -> None:
        """Start, replace or kill a process, if there is reason to."""
        now = time.monotonic()
        if child.process is None:
            if now >= child.due:
                self._start(child)
            return
        child.listen()
        code = child.process.poll()
        if code is None and child.live_since is not None and now - child.heard > _SILENCE:
            log.error("the server process %d is not live any more; it is killed", child.process.pid)
            child.process.kill()
        elif code is not None:
            multiprocess.mark_process_dead(child.process.pid, self._environment["PROMETHEUS_MULTIPROC_DIR"])  # type: ignore[no-untyped-call]
            pause = child.next_pause()
            log.error("a server process ended with %d; another takes its place in %.0f s", code, pause)
            child.process, child.due = None, now + pause

    def _start(self, child: _Child) -> subprocess.Popen[bytes]:
        if child.link is not None:
            child.link.close()
        child.link, child_end = socket.socketpair()
        child.link.settimeout(0)
        with child_end:
            child.process = subprocess.Popen(  # noqa: S603 - our own command
                self._command,
                stdin=child_end.fileno(),
                env=self._environment,
                pass_fds=self._inherited,
                start_new_session=True,  # Ctrl-C comes to the parent only, which passes it on
            )
        child.live_since = None
        if sys.platform == "linux" and child.share:
            with suppress(OSError):  # it has ended already
                os.sched_setaffinity(child.process.pid, child.share)
        return child.process

    def _stop(self, number: int, _: FrameType | None) -> None:
        if self._stopping is not None:  # a second signal ends it at once, as it does one server
            self._signal_children(number)
        self._stopping = number

    def _signal_children(self, number: int) -> None:
        for child in self._children:
            if child.process is not None:
                child.process.send_signal(number)

    def _end(self, number: int) -> None:
        self._signal_children(number)
        deadline = time.monotonic() + _ENDING
        for child in self._children:
            if child.process is not None:
                try:
                    code = child.process.wait(max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    child.process.kill()
                    code = child.process.wait()
                if code not in (0, -number) and self._stopping is not None:
                    log.error("a server process ended with %d", code)
            if child.link is not None:
                child.link.close()
