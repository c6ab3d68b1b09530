"""Every command with its arguments and options, as Typer has them."""

import inspect
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from typer.main import get_command

from eyeful import plugins
from eyeful.cli.program import app
from reference_pages.markdown import code, document, paragraphs, prose, table

_VALUES = {str: "TEXT", int: "INTEGER", float: "NUMBER", Path: "PATH"}
_INTRO = """
Every command answers `--help` (`-h`) with what is written here. A value with `...` may be given several times.
`eyeful --version` says which version it is, and `eyeful --install-completion` teaches your shell to complete
commands, options and names of models.

Rows, answers and JSON go to standard output, all else to standard error. An error is one line that says what to
do.
"""

EXIT_CODES = {
    "0": "Every row is an answer. Also where nothing was left to do, as with `--resume` of a complete run.",
    "1": "The command came to its end, and something is not as it should be: some rows are errors, all of them "
    "written; or a figure is below what `--min-top1`, `--min-accuracy` or `--min-agreement` asks for; or `doctor` "
    "or `cache verify` found something broken.",
    "2": "Wrong usage, or it could not be done: a folder, archive, list or standard input without images (`no "
    "images found in ...`); nothing of what was named exists (its rows, `not_found`, are written all the same); "
    "the output cannot be written; the program that reads it from a pipe ended first (`| head`).",
    "130, 143": "Stopped by Ctrl-C or SIGTERM. Where the command has `--resume`, it goes on.",
}
"""What the exit code of every command says."""
ENVIRONMENT = {
    "EYEFUL_HOME": "The folder of the cache: prepared models and what was measured; by default in the user's "
    "cache folder.",
    "EYEFUL_MIRROR": "The address of a server of yours that weights are downloaded from.",
    "EYEFUL_AUTOTUNE": "`0`: measure nothing first, as `--no-autotune`.",
    "EYEFUL_TOKEN": "The token that a server asks for, and that `predict --server` shows.",
}
"""The environment variables that users set."""


def page() -> str:
    """The page."""
    commands = get_command(app).commands
    # those of eyeful itself, whatever else is installed
    found = {name: commands[name] for name in commands if plugins.docstring("commands", name) is not None}
    index = [(f"[`{name}`](#eyeful-{name})", _help(one)[0]) for name, one in found.items()]
    return document(
        "# The command line",
        _INTRO,
        table(("Command", "What it does"), index),
        *(_command(name, one) for name, one in found.items()),
        "## Exit codes",
        table(("Code", "When"), EXIT_CODES.items()),
        "## Environment variables",
        table(("Variable", "What it says"), [(code(name), text) for name, text in ENVIRONMENT.items()]),
    )


def _command(name: str, command: Any) -> str:
    """The section of a command."""
    function = plugins.load("commands", name)
    signature = inspect.signature(function, eval_str=True).parameters
    shown = [one for one in command.params if not getattr(one, "hidden", False) and one.name in signature]
    arguments = [one for one in shown if one.param_type_name == "argument"]
    options = [one for one in shown if one.param_type_name == "option"]
    usage = " ".join(["eyeful", name, *(["[OPTIONS]"] if options else []), *map(_place, arguments)])
    first, *rest = _help(command)
    parts = [f"## `eyeful {name}`", first, f"```text\n{usage}\n```", *rest]
    header = ("Argument", "Value", "Default", "What it is")
    parts.append(table(header, [_row(one, signature[one.name]) for one in arguments]))
    panels: dict[str | None, list[Any]] = {None: []}
    for one in options:
        panels.setdefault(one.rich_help_panel, []).append(one)
    for panel, some in panels.items():
        header = (f"{panel}" if panel else "Option", "Value", "Default", "What it does")
        parts.append(table(header, [_row(one, signature[one.name]) for one in some]))
    return "\n\n".join(part for part in parts if part)


def _help(command: Any) -> list[str]:
    return prose(paragraphs(command.help)).split("\n\n")


def _place(argument: Any) -> str:
    """How an argument stands in the line of usage."""
    name = f"{argument.name.upper()}{'...' if argument.nargs == -1 else ''}"
    return name if argument.required else f"[{name}]"


def _row(parameter: Any, declared: inspect.Parameter) -> tuple[str, str, str, str]:
    """A parameter: how it is written, what it takes, what it is without it, and what it does."""
    info = next(one for one in declared.annotation.__metadata__ if hasattr(one, "rich_help_panel"))
    if parameter.param_type_name == "argument":
        written = code(parameter.name.upper())
    else:
        written = ", ".join(map(code, [*parameter.opts, *parameter.secondary_opts]))
    value = info.metavar or _value(get_args(declared.annotation)[0], info)
    if value and (parameter.nargs == -1 or getattr(parameter, "multiple", False)):
        value += "..."
    return written, code(value) if value else "", _default(declared.default, info), prose(parameter.help or "")


def _value(hint: Any, info: Any) -> str:
    """What an option takes; nothing for a flag."""
    kinds = [one for one in get_args(hint) if one is not NoneType]
    if get_origin(hint) is Literal:
        return "|".join(map(str, get_args(hint)))
    if get_origin(hint) is tuple:
        return " ".join(_value(one, info) for one in kinds)
    if get_origin(hint) is list or (get_args(hint) and len(kinds) == 1):
        return _value(kinds[0], info)
    if inspect.isclass(hint) and issubclass(hint, Enum):
        return "|".join(str(one.value) for one in hint)
    if hint is bool:
        return ""
    low, high = ("" if one is None else f"{one:g}" for one in (info.min, info.max))
    return _VALUES[hint] + (f" {low}..{high}" if low or high else "")


def _default(default: Any, info: Any) -> str:
    """What holds where nothing is typed, if that can be typed."""
    if isinstance(info.show_default, str):
        return code(info.show_default)
    if not info.show_default or default is inspect.Parameter.empty or default is None or default is False:
        return ""
    if default is True:
        return "on"
    text = f"{default:g}" if isinstance(default, float) else str(default)
    return code(text) if text else ""
