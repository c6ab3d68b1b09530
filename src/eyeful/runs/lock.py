"""The right to write to an output."""

import os
from contextlib import ExitStack
from pathlib import Path

from filelock import Timeout

from eyeful.bundle.files import locked
from eyeful.errors import OutputError, UsageError


def lock_output(path: Path, stack: ExitStack, role: str = "") -> None:
    """Take the right to write to an output, until the stack is closed.

    Args:
        path: what `-o` names.
        stack: lets go of it.
        role: tells those apart who may write at once.

    Raises:
        UsageError: another run has it.
        OutputError: no lock can be made there, so nothing else can be written either.
    """
    path = Path(os.path.realpath(path))  # links to one file are one output
    lock = path.with_name(f"{path.name}{role}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stack.enter_context(locked(lock, timeout=0))
    except Timeout:
        raise UsageError(
            f"another run is writing {path} (it holds {lock}); wait for it, or name another file"
        ) from None
    except OSError as error:
        if isinstance(error, PermissionError) and lock.exists():
            raise UsageError(
                f"another user's run is writing {path}, or was killed; delete {lock} if none is running"
            ) from error
        raise OutputError(
            f"cannot write {path}: its lock {lock.name} cannot be made beside it ({error.strerror or error}); "
            "name a place that you may write"
        ) from error
