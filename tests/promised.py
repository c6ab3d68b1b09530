"""The names that others build on, as they are; `promised.json` has them as they were recorded (docs/stability.md).

`python tests/promised.py`, a step of every release, records them anew: what is new is promised from then on.
"""

import inspect
import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

from typer.main import get_command

import eyeful
from documents import PAGES, blocks
from eyeful.bundle import Manifest
from eyeful.cli import app
from eyeful.errors import ERROR_KINDS
from eyeful.results import Calibration
from eyeful.runs.record import record_of
from eyeful.server import create_app
from eyeful.sinks.base import EXTRA_COLUMNS
from eyeful.sinks.csv import COLUMNS
from eyeful.types import Score
from eyeful.wording import WARNING_TEXTS
from helpers import fake_classifier

RECORD = Path(__file__).with_name("promised.json")


def surface() -> dict[str, list[str]]:
    """Every name that is promised, by what it is for."""
    kinds = {
        "rows": [*COLUMNS, *EXTRA_COLUMNS, *(f"top.{name}" for name in Score.__dataclass_fields__)],
        "error kinds": ERROR_KINDS,
        "warnings": WARNING_TEXTS,
        "manifest": [name for name in Manifest.__dataclass_fields__ if name != "tuning"],
        "calibration": ["format", *Calibration.__dataclass_fields__],
        "record of a run": record(),
        "python": [*python(), *documented_imports()],
        "command line": command_line(),
        "http": http(),
    }
    return {kind: sorted(set(names)) for kind, names in kinds.items()}


def python() -> list[str]:
    """The public names of `eyeful`, with the parameters and attributes of what they name."""
    found = []
    for name in eyeful.__all__:
        value = getattr(eyeful, name)
        found.append(name)
        if inspect.isclass(value):
            members = [*getattr(value, "__dataclass_fields__", ()), *vars(value)]
            found += [f"{name}.{member}" for member in members if not member.startswith("_")]
            methods = [
                (f"{name}.{member}", getattr(value, member)) for member in members if hasattr(value, member)
            ]
        else:
            methods = [(name, value)]
        for title, method in methods:
            if inspect.isroutine(method) and "._" not in title:
                found += [f"{title}({parameter}=)" for parameter in inspect.signature(method).parameters]
    return [name for name in found if not name.endswith("(self=)")]


def documented_imports() -> list[str]:
    """What the documents import of eyeful's modules, as far as it is there; the lesson looks inside, and does not count."""
    pages = [page for page in PAGES if page.parent.name != "lesson"]
    code = "\n".join(content for page in pages for _, content in blocks(page, "python"))
    lines = re.findall(r"^from (eyeful\.[\w.]+) import (?:\(([^)]+)\)|(.+))$", code, re.MULTILINE)
    named = [(module, name) for module, *names in lines for name in re.findall(r"\w+", " ".join(names))]
    return [f"{module}.{name}" for module, name in named if hasattr(import_module(module), name)]


def record() -> list[str]:
    """What stands beside rows, of how they were made."""
    found = record_of(fake_classifier())
    return [*found, *(f"provenance.{name}" for name in found["provenance"])]


def command_line() -> list[str]:
    """Every command with its flags."""
    program: Any = get_command(app)
    found = []
    for name, command in program.commands.items():
        found.append(name)
        for option in command.params:
            found += [f"{name} {flag}" for flag in (*option.opts, *option.secondary_opts) if flag.startswith("-")]
    return found


def http() -> list[str]:
    """Every call of the server, with its query parameters; and its metrics."""
    server = create_app(fake_classifier())
    found = re.findall(
        r"^# TYPE (\w+)(?<!_created) ", server.state.service.metrics.exposition().decode(), re.MULTILINE
    )
    for path, operations in server.openapi()["paths"].items():
        for method, operation in operations.items():
            call = f"{method.upper()} {path}"
            found.append(call)
            found += [f"{call} ?{one['name']}=" for one in operation.get("parameters", ()) if one["in"] == "query"]
    return found


if __name__ == "__main__":
    RECORD.write_text(json.dumps(surface(), indent=1) + "\n", encoding="utf-8")
