"""The same answer elsewhere: as Python, as a command, and from a server."""

from __future__ import annotations

import shlex
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from eyeful.predictor import PredictorSpec

_EXACT = {"full_decode", "two_step_resize", "ignore_profile"}
"""What `exact` sets, beside the engine and the precision."""

_NOT_SAID = {"model", "topk", "max_aspect", "batch_size", "workers", "threads", "autotune", "pinned", *_EXACT}
"""What decides no answer, has no flag, or is said otherwise."""

_NOT_OF_SERVERS = {"min_prob", "torchcompile"}
"""What `eyeful serve` has no flag for."""


class Snippets(NamedTuple):
    """Code to copy.

    Attributes:
        python: a program.
        command: a line for a shell.
        server: two lines: one starts a server, the other asks it. None for an exact model: servers have none.
    """

    python: str
    command: str
    server: str | None


def snippets(spec: PredictorSpec, filename: str) -> Snippets | None:
    """What gives an image's answer again; None where only a part of `exact` is set, for which there is no flag.

    Args:
        spec: of the model that answered. A file on the server's disk is said by its name, without its folder.
        filename: the image, in the folder in which the code will run.
    """
    exact = {getattr(spec, name) for name in _EXACT}
    if len(exact) > 1:
        return None
    model = Path(spec.model).name if Path(spec.model).exists() else spec.model
    settings = _settings(spec)
    served = {name: value for name, value in settings.items() if name not in _NOT_OF_SERVERS}
    if True in exact:
        settings = {name: value for name, value in settings.items() if name not in ("engine", "precision")}
        settings["exact"] = True
    arguments = ", ".join([repr(model), *(f"{name}={value!r}" for name, value in settings.items())])
    path = f"./{filename}" if filename.startswith("-") else filename
    ask = f"curl --data-binary {shlex.quote('@' + path)} localhost:8000/v1/classify"
    return Snippets(
        f"import eyeful\n\nwith eyeful.load({arguments}) as clf:\n    print(clf.predict({path!r}))",
        f"eyeful predict {shlex.quote(path)} {_flags(model, settings)}",
        None if True in exact else f"eyeful serve {_flags(model, served)}\n{ask}",
    )


def _settings(spec: PredictorSpec) -> dict[str, Any]:
    """What was asked for beyond the defaults, as keywords of `eyeful.load`."""
    found = {
        field.name: getattr(spec, field.name)
        for field in fields(spec)
        if field.name not in _NOT_SAID and getattr(spec, field.name) != field.default
    }
    for name in ("checkpoint", "labels"):
        if name in found:
            found[name] = Path(found[name]).name
    if "calibration" in found:  # its content; the file that it came from may have any name
        found["calibration"] = "calibration.json" if found["calibration"] else "none"
    return found


def _flags(model: str, settings: dict[str, Any]) -> str:
    """A model and its settings as the flags of a command."""
    flags = [f"--model={model}"]
    for name, value in settings.items():
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            flags.append(flag)
        elif name in ("mean", "std"):
            flags += [flag, *map(str, value)]
        else:
            said = "x".join(map(str, value)) if name == "img_size" else str(value)
            flags.append(f"{flag}={said}")
    return shlex.join(flags)
