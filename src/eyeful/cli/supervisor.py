"""A command in a child process, so that a decoder that crashes costs a restart and an error row, not the run.

The parent only waits: it imports nothing, passes signals on, and ends as its child ends. Where a crash ends the
child it starts another, which goes on behind the rows that were delivered and tries the images in flight alone.

On Linux only: Windows has no fork, and macOS has no `sigwaitinfo`. There a crash ends the run; `--resume` goes on.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

from eyeful.cli import supervise
from eyeful.cli.terminal import ERASE
from eyeful.journal import Journal

assert sys.platform == "linux"  # noqa: S101 - nobody imports it elsewhere, and mypy knows

_CRASHES = ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT")
_PASSED_ON = (signal.SIGINT, signal.SIGTERM)
_FROM_A_TERMINAL = 128
"""`si_code` of a signal from the kernel, as Ctrl-C is: every process of the terminal has it already."""
_FROM_A_SIGNAL = 128
"""Exit codes above say which signal ended a process."""
_PR_SET_PDEATHSIG = 1
_GO_ON = "with -o, --resume goes on"


def supervised(work: Callable[[], None]) -> None:
    """Do work in a child process, and exit with its exit code.

    For a program's own main function: this process ends in it, and the child comes out of it.
    """
    found = Journal()
    waited_for = {signal.SIGCHLD, *_PASSED_ON}
    while True:
        before = _progress(found)
        signal.pthread_sigmask(signal.SIG_BLOCK, waited_for)
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            _die_with(parent)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, waited_for)
            supervise.journal = found
            try:
                work()
            finally:
                supervise.mark_ended()
            return
        crash = _crash_of(child, waited_for, found)
        reason = _why_not_again(found, before)
        if reason is not None:
            sys.stderr.write(f"{_erase()}eyeful: error: the process crashed ({crash}) {reason}\n")
            sys.exit(2)
        sys.stderr.write(
            f"{_erase()}eyeful: the process crashed ({crash}): going on, with the images in flight alone\n"
        )
        found.attempt += 1


def _erase() -> str:
    """What takes the live line away that the child had no time to erase."""
    return ERASE if sys.stderr.isatty() else ""


def _progress(found: Journal) -> int:
    """What grows from process to process, unless each crashes at the same place."""
    return found["delivered"] + found["settled"]


def _why_not_again(found: Journal, before: int) -> str | None:
    if not found["repeatable"]:
        return f"and what standard input named cannot be read again: {_GO_ON}"
    if found.attempt and _progress(found) == before:
        return "twice at the same place, not in a decoder: please report this"
    return None


def _crash_of(child: int, waited_for: set[signal.Signals], found: Journal) -> str:
    """Wait for a child's crash; whatever else ends it ends this process too, in the same way."""
    while True:
        heard = signal.sigwaitinfo(waited_for)
        if heard.si_signo != signal.SIGCHLD:
            if heard.si_code != _FROM_A_TERMINAL:
                os.kill(child, heard.si_signo)
            continue
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended == 0:
            continue
        if os.WIFEXITED(status):
            if os.WEXITSTATUS(status) > _FROM_A_SIGNAL:  # it may have had no time to erase its live line
                sys.stderr.write(_erase())
                sys.stderr.flush()
            elif not found["ended"]:  # Ray does so when the head of its cluster has gone, with a code of its own
                code = os.WEXITSTATUS(status)
                sys.stderr.write(f"{_erase()}eyeful: error: a library ended the process ({code}); {_GO_ON}\n")
                sys.stderr.flush()
                os._exit(2)
            os._exit(os.WEXITSTATUS(status))
        number = signal.Signals(os.WTERMSIG(status))
        if number.name in _CRASHES:
            return number.name
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        os.kill(os.getpid(), number)


def _die_with(parent: int) -> None:
    """Let this process be killed when its parent dies: a second run may then begin where it stops."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
