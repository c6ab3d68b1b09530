"""Makes a process of Linux lack what Windows lacks, in what Python lets be changed; for `test_portability.py`.

Python imports a module of this name first, in the processes that a test starts and in those that they start. What
the standard library itself needs on Linux is imported before, and stays.
"""

import asyncio  # noqa: F401
import errno
import fcntl
import io
import os
import signal
import socket
import subprocess  # noqa: F401
import sys
import sysconfig
from pathlib import Path

import filelock  # noqa: F401

ABSENT = {
    os: "fork forkpty getpgrp killpg nice sched_getaffinity sched_setaffinity setpriority tcgetpgrp",
    signal: "ITIMER_REAL SIGALRM SIGCHLD SIGHUP SIGUSR1 pthread_sigmask setitimer sigwait sigwaitinfo",
    socket: "MSG_DONTWAIT",
}
for module, names in ABSENT.items():
    for name in names.split():
        delattr(module, name)
for name in ("fcntl", "grp", "pwd", "resource", "termios", "uvloop"):
    sys.modules[name] = None
sysconfig.get_config_vars()  # which are in a module that has the system's name
sys.platform = "elsewhere"

_open, _fsync = io.open, os.fsync


def open_as_there(
    file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None
):
    """Text is cp1252, and a line that is written ends with CR LF, unless it is said otherwise."""
    if "b" not in mode:
        encoding = encoding or "cp1252"
        newline = "\r\n" if newline is None and not mode.startswith("r") else newline
    return _open(file, mode, buffering, encoding, errors, newline, closefd, opener)


def fsync_as_there(number):
    """Only who may write may ask for it."""
    if fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    _fsync(number)


def in_use():
    """The files that this process has open or mapped."""
    for link in Path("/proc/self/fd").iterdir():
        try:
            yield os.readlink(link)
        except OSError:
            continue
    with _open("/proc/self/maps", encoding="utf-8") as lines:
        yield from (line.split(maxsplit=5)[5].strip() for line in lines if "/" in line)


def as_there(function):
    """Who renames or deletes what is open is refused, and so is who renames a folder with an open file in it."""

    def guarded(*paths, **options):
        for path in paths:
            folder = options.get("dir_fd")
            base = os.getcwd() if folder is None else os.readlink(f"/proc/self/fd/{folder}")
            place = os.path.realpath(os.path.join(base, os.fspath(path)))
            if any(one == place or one.startswith(f"{place}/") for one in in_use()):
                raise PermissionError(errno.EACCES, "it is being used", str(path))
        if function is rename and os.path.lexists(paths[1]):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(paths[1]))
        return function(*paths, **options)

    return guarded


rename = os.rename
os.rename, os.replace, os.unlink, os.remove = map(as_there, (os.rename, os.replace, os.unlink, os.remove))
os.fsync = fsync_as_there
io.open = open_as_there
__builtins__["open"] = open_as_there
sys.stdout.reconfigure(newline="\r\n", encoding="cp1252")
