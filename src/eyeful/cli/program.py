"""The program `eyeful`: its commands are the entry points `eyeful.commands`, each imported when it is used."""

import gc
import io
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, MutableMapping
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

import eyeful
from eyeful import plugins
from eyeful.cli.misuse import MISUSE, explained
from eyeful.cli.terminal import fitted, guard_streams, print_status
from eyeful.errors import BrokenOutputError, DecodeTimeoutError, EyefulError, PluginError, StoppedError

_ORDER = (
    *(
        "predict",
        "evaluate",
        "calibrate",
        "teach",
        "embed",
        "similar",
        "join",
        "models",
        "info",
        "explain",
        "export",
        "import-mar",
        "verify",
    ),
    *("bench", "serve", "page", "samples", "cache", "doctor"),
)
"""The order of `eyeful --help`; commands of other packages follow."""
_SETTINGS: dict[str, Any] = {
    "pretty_exceptions_enable": False,
    "rich_markup_mode": "markdown",
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


class _LazyCommands(MutableMapping[str, Any]):
    """Commands by name; one is imported when it is asked for."""

    def __init__(self) -> None:
        self._found: dict[str, TyperCommand] = {}

    def __getitem__(self, name: str) -> TyperCommand:
        if name not in self._found:
            if name not in plugins.names("commands"):
                raise KeyError(name)
            self._found[name] = _command(name)
        return self._found[name]

    def __setitem__(self, name: str, command: TyperCommand) -> None:
        self._found[name] = command

    def __delitem__(self, name: str) -> None:
        del self._found[name]

    def __iter__(self) -> Iterator[str]:
        names = plugins.names("commands")
        return iter(sorted(names, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER)))

    def __len__(self) -> int:
        return len(plugins.names("commands"))


class _Commands(TyperGroup):
    """The commands of every installed package; the one that is used is imported, the others are only shown."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _LazyCommands()

    def list_commands(self, ctx: Any) -> list[str]:
        del ctx
        return list(self.commands)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command as the list of commands shows it, in `--help` and in completions."""
        del ctx
        return _shown(cmd_name) if cmd_name in plugins.names("commands") else None

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that is used."""
        name, shown, rest = super().resolve_command(ctx, args)
        command = None if shown is None or name is None else self.commands[name]
        _collect_garbage()
        return name, command, rest


def _collect_garbage() -> None:
    """From here on, where `cli.main` put it off; what was imported is never looked through."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _shown(name: str) -> TyperCommand:
    """A command's name and what it does, without its flags."""
    text = plugins.docstring("commands", name)
    return _command(name) if text is None else TyperCommand(name, help=text, rich_markup_mode="markdown")


def _command(name: str) -> TyperCommand:
    """One command, imported: a function with Typer's annotations."""
    single = typer.Typer(add_completion=False, **_SETTINGS)
    try:
        single.command(name)(plugins.load("commands", name, plugins.function))
    except PluginError as error:
        single.command(name, context_settings={"ignore_unknown_options": True})(_refusing(error))
    command = get_command(single)
    assert isinstance(command, TyperCommand)  # noqa: S101 - a Typer of one function
    return command


def _refusing(error: PluginError) -> Callable[..., None]:
    """A command that cannot be imported: `eyeful --help` says so and shows the others, using it is an error."""

    def refuse(arguments: Annotated[list[str] | None, typer.Argument()] = None) -> None:
        del arguments
        raise error

    refuse.__doc__ = str(error)
    return refuse


app = typer.Typer(
    name="eyeful",
    cls=_Commands,
    no_args_is_help=True,
    help="Names what is in images, with a pretrained CNN.",
    epilog="First steps: `eyeful samples samples/`, then `eyeful predict samples/`.",
    **_SETTINGS,
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


def run() -> None:
    """Run the command that `sys.argv` names, and exit."""
    _have_streams()
    messages = logging.StreamHandler(sys.stderr)
    messages.setFormatter(_Formatter("eyeful: %(message)s"))
    logging.basicConfig(handlers=[messages], level=logging.WARNING)
    logging.getLogger("eyeful").setLevel(logging.INFO)
    try:
        result = _result()
        sys.exit(result if type(result) is int else 0)  # what a plug-in's command returns is no exit code
    except MISUSE as error:
        if text := explained(error, sys.argv[1:]):
            print_error(text)
        sys.exit(2)
    except StoppedError as stopped:
        sys.exit(128 + stopped.signal)
    except BrokenOutputError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(2)
    except DecodeTimeoutError as error:  # its thread never ends, so neither would a polite exit
        print_error(error)
        from eyeful.cli.supervise import mark_ended

        mark_ended()
        os._exit(2)
    except EyefulError as error:
        if _was_interrupted(error):
            sys.exit(128 + signal.SIGINT)
        print_error(error)
        sys.exit(2)
    except OSError as error:  # standard output, since everything else says what it could not write
        print_error(f"cannot write the output: {error.strerror or error}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(2)
    except Exception:  # noqa: BLE001 - a bug of ours: 1 would say that all is done, and that some rows are errors
        traceback.print_exc()
        sys.exit(2)


def _result() -> Any:
    """What the command gives.

    Raises:
        BrokenOutputError: the reader of stdout has gone. Typer makes exit code 1 of it: that some rows are errors.
    """
    try:
        return app(standalone_mode=False)
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):
            raise BrokenOutputError from ended
        raise


def _was_interrupted(error: BaseException | None) -> bool:
    """Whether Ctrl-C is at the root of an error: inside an import, a library makes another error of it."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def print_error(error: object) -> None:
    """One line on stderr, as every error of ours looks."""
    print_status(f"error: {error}")


class _Formatter(logging.Formatter):
    """A message as the terminal shows it."""

    def format(self, record: logging.LogRecord) -> str:
        return fitted(super().format(record))


def _have_streams() -> None:
    """Standard streams that take any text, line ends as they are, and are there even if the caller closed them."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - for the process's life
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - for the process's life
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    guard_streams()
