"""What Typer refuses of what was typed, in the form of every other error: one line that says what to type next."""

import re
import shlex
from typing import Any

import typer

from eyeful import plugins

MISUSE: Any = typer.BadParameter.__base__
"""The class of all of Typer's errors in what was typed."""

_SPELLING = {
    "--mean": "three numbers, for red, green and blue: --mean 0.485 0.456 0.406",
    "--std": "three numbers, for red, green and blue: --std 0.229 0.224 0.225",
}
"""Flags whose form is not told by Typer's error."""


def explained(error: Any, typed: list[str]) -> str:
    """An error of Typer's as one line; empty where its help was shown instead.

    Args:
        error: of the class `MISUSE`.
        typed: the command line behind the program's name.
    """
    text = " ".join(error.format_message().split()).rstrip(".").removesuffix(" (Possible options: --help)")
    if not text:
        return ""
    command = typed[0] if typed[:1] and typed[0] in plugins.names("commands") else ""
    flag = next(iter(re.findall(r"--[a-z-]+", text)), "")
    if flag in _SPELLING and not text.startswith("No such option"):
        return f"{flag} takes {_SPELLING[flag]}"
    unknown = text.startswith("No such option")
    if flag == "--model" and unknown and _has_argument(error, "model"):
        if _is_too_much(error, _with_argument(typed)[1:]):
            return f"`eyeful {command}` has the model as its argument already: leave out --model"
        return f"`eyeful {command}` takes the model as its argument: `eyeful {shlex.join(_with_argument(typed))}`"
    text = f"{text[:1].lower()}{text[1:]}"
    name = f"eyeful {command}".strip()
    return f"{text}{'' if text.endswith('?') else ';'} `{name} --help` lists what there is"


def _with_argument(typed: list[str]) -> list[str]:
    """A command line with `--model NAME` as `NAME`."""
    flag, equals, name = next(one for one in typed if one.startswith("--model")).partition("=")
    place = typed.index(flag + equals + name)
    rest = typed[place + 1 :] if equals else typed[place + 2 :]
    name = name if equals else "".join(typed[place + 1 : place + 2])
    return [*typed[:place], name, *rest]


def _has_argument(error: Any, name: str) -> bool:
    """Whether the command of an error takes something by its place."""
    parameters = error.ctx.command.params if error.ctx is not None else ()
    return any(one.name == name and one.param_type_name == "argument" for one in parameters)


def _is_too_much(error: Any, arguments: list[str]) -> bool:
    """Whether the command of an error has no place for the last of its arguments."""
    try:
        _, rest, _ = error.ctx.command.make_parser(error.ctx).parse_args(list(arguments))
    except MISUSE:
        return False
    return bool(rest)
