"""The command line: one thin file for each command. Errors are one line and an exit code.

Exit codes: 0 all rows good; 1 some rows are errors; 2 wrong usage, or the run could not be done; 130 and 143
stopped by a signal.
"""

import io
import logging
import os
import sys
from typing import Annotated

import typer

import eyeful
from eyeful.cli import bench, cache, doctor, explain, export, info, models, page, predict, samples, serve, verify
from eyeful.errors import BrokenOutputError, DecodeTimeoutError, EyefulError, StoppedError

app = typer.Typer(
    name="eyeful",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Names what is in images, with a pretrained CNN.",
    epilog="First steps: `eyeful samples samples/`, then `eyeful predict samples/`.",
)


def _version(asked: bool) -> None:
    if asked:
        print(f"eyeful {eyeful.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


app.command("predict")(predict.predict)
app.command("models")(models.models)
app.command("info")(info.info)
app.command("explain")(explain.explain)
app.command("export")(export.export)
app.command("verify")(verify.verify)
app.command("bench")(bench.bench)
app.command("serve")(serve.serve)
app.command("page")(page.page)
app.command("samples")(samples.samples)
app.command("cache")(cache.cache)
app.command("doctor")(doctor.doctor)


def main() -> None:
    """The `eyeful` command."""
    _have_streams()
    logging.basicConfig(stream=sys.stderr, format="eyeful: %(message)s", level=logging.WARNING)
    logging.getLogger("eyeful").setLevel(logging.INFO)
    try:
        app()
    except StoppedError as stopped:
        sys.exit(128 + stopped.signal)
    except BrokenOutputError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(2)
    except DecodeTimeoutError as error:  # its thread never ends, so neither would a polite exit
        print_error(error)
        os._exit(2)
    except EyefulError as error:
        print_error(error)
        sys.exit(2)
    except OSError as error:  # standard output, since everything else says what it could not write
        print_error(f"cannot write the output: {error.strerror or error}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(2)


def print_error(error: object) -> None:
    """One line on stderr, as every error of ours looks."""
    sys.stderr.write(f"eyeful: error: {error}\n")
    sys.stderr.flush()


def _have_streams() -> None:
    """Standard streams that take any text, and are there even if the caller closed them."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - for the process's life
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - for the process's life
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
