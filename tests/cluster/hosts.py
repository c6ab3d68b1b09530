"""Two hosts on one machine: network namespaces joined by a cable, each with processes and folders of its own.

They share the file system, as hosts do that mount one disk. What runs in a namespace cannot reach any other network.
"""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

RAY = (sys.executable, "-m", "ray.scripts.scripts")
STORE = 100_000_000
"""Bytes of a node's object store; Ray's own default is a third of the memory."""
PREFIX = f"ef-{os.getpid()}-"
"""Of the namespaces and folders of this process; short, since Ray's sockets lie in them."""
LINK = "cable"
"""The end of the cable in each namespace."""
PORT = 6379
_numbers = itertools.count()


def wait_until(true: Callable[[], object], seconds: float, what: str) -> None:
    """Wait, for so long at most.

    Raises:
        TimeoutError: it did not become true.
    """
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(0.005)


def ip(*words: object) -> str:
    """What `ip` prints.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    return subprocess.run(["ip", *map(str, words)], check=True, capture_output=True, text=True).stdout


class Host:
    """One namespace.

    Args:
        name: of the namespace.
        address: its own, on the cable.
        folder: for its home and for Ray's files; short, since sockets lie in it.
        token: Ray's.
    """

    def __init__(self, name: str, address: str, folder: Path, token: str) -> None:
        self.name, self.address, self.folder = name, address, folder
        proxies = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
        self.environment = {key: value for key, value in os.environ.items() if key.lower() not in proxies} | {
            "EYEFUL_HOME": str(folder / "eyeful"),
            "EYEFUL_NODE": f"host-{folder.name}",
            "HOME": str(folder),
            "OMP_NUM_THREADS": "1",
            "PYTHONFAULTHANDLER": "",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": token,
            "RAY_USAGE_STATS_ENABLED": "0",
        }

    def start(
        self, *command: object, prefix: tuple[object, ...] = (), cores: str = "", **options
    ) -> subprocess.Popen:
        """A process of this host, in a process group of its own.

        Args:
            command: the program and its arguments.
            prefix: a program that starts it, such as `unshare -m`.
            cores: those that it may run on, as `taskset -c` names them; all by default.
            options: of Popen; `env` is added to the host's.
        """
        pinned = ("taskset", "-c", cores) if cores else ()
        environment = self.environment | options.pop("env", {})
        words = map(str, ("ip", "netns", "exec", self.name, *pinned, *prefix, *command))
        return subprocess.Popen([*words], env=environment, start_new_session=True, text=True, **options)

    def run(self, *command: object, timeout: float = 120, **options) -> subprocess.CompletedProcess[str]:
        """The same, to its end; what it started goes on."""
        pipe = subprocess.PIPE
        process = self.start(*command, stdout=pipe, stderr=pipe, stdin=subprocess.DEVNULL, **options)
        try:
            out, err = process.communicate(timeout=timeout)
        except BaseException:
            kill_group(process)
            process.communicate()
            raise
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def start_ray(self, head: "Host | None" = None, cpus: int = 1, **options) -> None:
        """Make this host the head of a cluster, or a node of another's.

        Args:
            head: whose node it becomes.
            cpus: cores that Ray may give away here.
            options: further `flags` of `ray start`, bytes of the object `store`, and those of `run`.

        Raises:
            RuntimeError: Ray did not start; what it said.
        """
        role = (
            ("--address", f"{head.address}:{PORT}")
            if head
            else ("--head", "--port", PORT, "--include-dashboard=false")
        )
        # A name of its own each time: the files of a node that was killed are of no use.
        folder = Path(tempfile.mkdtemp(prefix="ray-", dir=self.folder))
        size = ("--num-cpus", cpus, "--num-gpus", 0, "--object-store-memory", options.pop("store", STORE))
        flags = (
            "--node-ip-address",
            self.address,
            "--temp-dir",
            folder,
            "--disable-usage-stats",
            *size,
            *options.pop("flags", ()),
        )
        started = self.run(*RAY, "start", *role, *flags, timeout=90, **options)
        if started.returncode:
            raise RuntimeError(started.stdout + started.stderr)

    def pids(self) -> list[int]:
        """The processes that run here."""
        return [int(pid) for pid in ip("netns", "pids", self.name).split()]

    def actors(self) -> list[int]:
        """The processes of Ray's actors here: their titles are `ray::` and a name."""
        return [pid for pid in self.pids() if is_actor(command_line(pid))]

    def kill(self) -> None:
        """What a power cut does: every process here ends at once."""
        end = time.monotonic() + 20
        while pids := self.pids():
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
            if time.monotonic() > end:
                raise TimeoutError(f"processes of {self.name} do not end: {pids}")


class TwoHosts:
    """A head `a` and a node `b`, and the cable between them."""

    def __init__(self, a: Host, b: Host, folder: Path) -> None:
        self.a, self.b, self.folder = a, b, folder
        self.address = f"{a.address}:{PORT}"

    def cut(self) -> None:
        """Pull the cable: what is sent is lost, and nobody is told."""
        ip("-n", self.b.name, "link", "set", LINK, "down")

    def mend(self) -> None:
        """Plug it in again."""
        ip("-n", self.b.name, "link", "set", LINK, "up")


@contextmanager
def two_hosts() -> Iterator[TwoHosts]:
    """Two hosts without Ray; at the end nothing of them is left, whatever happened.

    Raises:
        PermissionError: this user may make none, or `ip` is not installed.
    """
    _remove_abandoned()
    name = f"{PREFIX}{next(_numbers)}"
    folder = _made(Path(tempfile.gettempdir(), name))
    token = os.urandom(32).hex()
    a, b = (Host(f"{name}{end}", f"10.200.0.{n}", _made(folder / end), token) for n, end in enumerate("ab", 1))
    try:
        try:
            for host in (a, b):
                ip("netns", "add", host.name)
        except (FileNotFoundError, subprocess.CalledProcessError) as error:
            raise PermissionError(f"network namespaces cannot be made here: {error}") from error
        ip("link", "add", LINK, "netns", a.name, "type", "veth", "peer", "name", LINK, "netns", b.name)
        for host in (a, b):
            ip("-n", host.name, "addr", "add", f"{host.address}/24", "dev", LINK)
            for link in ("lo", LINK):
                ip("-n", host.name, "link", "set", link, "up")
        yield TwoHosts(a, b, folder)
    finally:
        for host in (a, b):
            _remove(host.name)
        shutil.rmtree(folder, ignore_errors=True)


def kill_group(process: subprocess.Popen) -> None:
    """End a process and what it started, as `kill -9` does."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(20)


def command_line(pid: int) -> str:
    """What a process is called; empty where it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def is_actor(title: str) -> bool:
    """Whether a process with this title is an actor of a driver's, and none of Ray's own."""
    return title.startswith("ray::") and not title.startswith(
        ("ray::IDLE", "ray::DashboardAgent", "ray::RuntimeEnvAgent")
    )


def namespaces() -> list[str]:
    """Those of this process that exist."""
    listed = [line.split()[0] for line in ip("netns", "list").splitlines() if line]
    return [name for name in listed if name.startswith(PREFIX)]


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _remove(name: str) -> None:
    if Path("/run/netns", name).exists():
        Host(name, "", Path(), "").kill()
        ip("netns", "delete", name)


def _remove_abandoned() -> None:
    """What tests left behind that were themselves killed."""
    for path in (*Path("/run/netns").glob("ef-*-*"), *Path(tempfile.gettempdir()).glob("ef-*-*")):
        if Path("/proc", path.name.split("-")[1]).exists():
            continue
        with suppress(subprocess.CalledProcessError, TimeoutError):
            _remove(path.name) if path.parent.name == "netns" else shutil.rmtree(path, ignore_errors=True)
