"""Ray: found, or started on this machine; spoken to in few words, and its errors as ours."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eyeful.cpu import usable_cores
from eyeful.errors import ClusterError, UsageError, one_line
from eyeful.extras import require

if TYPE_CHECKING:
    from collections.abc import Iterator

_OBJECT_STORE = 200_000_000
"""Bytes, of a Ray that is started here: a package of one model goes through it."""
_SHORT = "/tmp" if os.name == "posix" else None  # noqa: S108 - of our own in it: names of sockets must be short
_FOLDER = "eyeful-ray-"
_LONGEST_SILENCE = 5.0
"""Seconds for an address to answer at all."""
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else Ray warns of what it will do some day
}


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """Which cluster, and how much of it.

    Attributes:
        address: `local`: this machine alone; `auto`: the cluster that this machine belongs to; or HOST:PORT.
        workers: at most so many; 0: as many as fit on the nodes.
        cpus: cores for each worker; 0: all of its node's.
        gpus: GPUs for each worker.
    """

    address: str = "auto"
    workers: int = 0
    cpus: int = 0
    gpus: int = 0


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """The module `ray`, connected for the duration of a block.

    Args:
        address: as in `ClusterOptions`.

    Raises:
        MissingExtraError: Ray is not installed.
        UsageError: it is no address.
        ClusterError: nobody answers there, or not to this user.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    before = {name: os.environ.get(name) for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN")}
    if address == "local":  # before Ray is imported, which reads it then
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))
    else:
        _check_address(address)
    with _quiet_stderr():
        ray = require("ray", "--cluster")
    folder = _own_folder() if address == "local" else None
    try:
        try:
            with _quiet_stderr(), _own_signals():
                ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL, **_own(folder))
        except Exception as error:
            raise ClusterError(f"cannot use the cluster {address}: {_told(error)}") from error
        yield ray
    finally:
        with suppress(Exception), _quiet_stderr():
            ray.shutdown()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
            for name, former in before.items():
                os.environ.pop(name) if former is None else os.environ.update({name: former})


def put(ray: Any, value: object) -> Any:
    """Give a value to all nodes.

    Raises:
        ClusterError: Ray has no place for it.
    """
    try:
        return ray.put(value)
    except ray.exceptions.RayError as error:
        raise ClusterError(
            f"the cluster has no place for the model: its object store and disk are full ({one_line(error, 120)})"
        ) from error


def _own_folder() -> str:
    """A new folder for a Ray of this process; those that killed processes left are removed."""
    for left in Path(_SHORT or tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        process = left.name.removeprefix(_FOLDER).partition("-")[0]
        if process.isdecimal() and not _is_running(int(process)):
            shutil.rmtree(left, ignore_errors=True)
    return tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-", dir=_SHORT)


def _is_running(process: int) -> bool:
    """Whether there is such a process; Windows can only be asked by a signal that ends it."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(process, 0)
    except PermissionError:  # another user's
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True


def _own(folder: str | None) -> dict[str, Any]:
    """How a Ray is started that is this run's alone."""
    if folder is None:
        return {}
    private = {"_node_ip_address": "127.0.0.1", "_temp_dir": folder, "include_dashboard": False}
    return private | {"num_cpus": usable_cores(), "object_store_memory": _OBJECT_STORE}


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep the handlers that there are: Ray sets its own, whose C++ writes a stack and exits with 15."""
    handlers = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Without what Ray's C++ writes to file descriptor 2, past Python: its errors come as exceptions too."""
    sys.stderr.flush()
    before = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)
        os.close(nowhere)


def _check_address(address: str) -> None:
    """See that something listens there; Ray itself would try for a minute."""
    if address == "auto":
        return
    if "://" in address:
        raise UsageError(
            f"--cluster {address}: a cluster behind ray:// runs what is submitted to it: `ray job submit -- "
            "eyeful predict ... --cluster auto`"
        )
    host, colon, port = address.rpartition(":")
    if not (colon and host and port.isdecimal() and 0 < int(port) <= 65535):
        raise UsageError(f"--cluster {address} is none of auto, local and HOST:PORT, as 10.0.0.1:6379")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _LONGEST_SILENCE).close()
    except OSError as error:
        raise ClusterError(
            f"no Ray answers at {address} ({error.strerror or error}); `ray start --head --port {port}` starts one"
        ) from error


def _told(error: Exception) -> str:
    text = str(error)
    if "InvalidAuthToken" in text or "Unauthenticated" in text:
        return "its token is another: RAY_AUTH_MODE=token and RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH say which"
    if text.startswith("Failed to connect to Ray cluster"):
        return (
            "it does not talk to this program: perhaps its token is another (RAY_AUTH_MODE=token and "
            "RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH say which), or its Ray"
        )
    if "version mismatch" in text.lower():
        return one_line(text[text.lower().index("version mismatch") :], 300)
    return one_line(text, 300)
