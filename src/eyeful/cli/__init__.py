"""The command line: one thin file for each command. Errors are one line and an exit code.

Exit codes: 0 all rows good; 1 some rows are errors; 2 wrong usage, or the run could not be done; 130 and 143
stopped by a signal. Nothing is imported before `main` runs, so that Ctrl-C is quiet from the first moment.
"""

import sys
from typing import Any


def main() -> None:
    """The `eyeful` command."""
    try:
        if sys.argv[1:2] in (["predict"], ["evaluate"], ["embed"]):
            from eyeful.cli.supervise import supervised

            supervised(_run)
        else:
            _run()
    except KeyboardInterrupt:
        sys.exit(130)


def _run() -> None:
    from eyeful.cli.program import run

    run()


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module 'eyeful.cli' has no attribute {name!r}")
    from eyeful.cli.program import app

    return app
