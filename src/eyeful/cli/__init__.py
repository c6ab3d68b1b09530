"""The command line: one thin file for each command. Errors are one line and an exit code.

Exit codes: 0 all rows good; 1 some rows are errors; 2 wrong usage, or the run could not be done; 130 and 143
stopped by a signal. Nothing is imported before `main` runs, so that Ctrl-C is quiet from the first moment.
"""

import atexit
import gc
import os
import sys
from contextlib import suppress
from typing import Any


def console_script() -> None:
    """What the installed program runs: `main` as a process of its own, which ends at once when all is done.

    The interpreter would take every module apart, OpenVINO's for a tenth of a second, before the system takes the
    memory back anyway. Only this last step is left out: threads have ended by then, and what libraries registered
    with `atexit` has run, since the last is done first.
    """
    codes: list[int] = []
    atexit.register(_end_process, codes)
    try:
        main()
        codes.append(0)
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            codes.append(ended.code or 0)
        raise


def _end_process(codes: list[int]) -> None:
    """End with an exit code; left to the interpreter where there is none, or stdout cannot be written."""
    with suppress(OSError, ValueError):  # what cannot be said there is no reason for another exit code
        if sys.stderr is not None:
            sys.stderr.flush()
    with suppress(OSError, ValueError):
        if sys.stdout is not None:
            sys.stdout.flush()
        if codes:
            os._exit(codes[0] & 0xFF)


def main() -> None:
    """The `eyeful` command, for whoever goes on behind it."""
    try:
        if sys.platform == "linux" and sys.argv[1:2] in (["predict"], ["evaluate"], ["embed"]):
            from eyeful.cli.supervisor import supervised

            supervised(_run)
        else:
            _run()
    except KeyboardInterrupt:
        sys.exit(130)


def _run() -> None:
    gc.disable()  # nothing that imports make is garbage; on again when the command is imported
    from eyeful.cli.program import run

    run()


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module 'eyeful.cli' has no attribute {name!r}")
    from eyeful.cli.program import app

    return app
