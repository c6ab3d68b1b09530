"""Plug-ins: engines, model families, sources, sinks, HTTP protocols and commands, found through entry points.

eyeful's own stand in its `pyproject.toml` under the same groups, `eyeful.engines` and so on, as those of any other
installed package. Nothing is imported before it is asked for. How to write one: `docs/plugins.md`.
"""

import ast
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, EntryPoint, entry_points
from importlib.util import find_spec
from types import FunctionType
from typing import Any, Literal, get_args

from eyeful.errors import PluginError, one_line

Group = Literal["engines", "models", "sources", "sinks", "protocols", "commands"]
Check = Callable[[Any], str | None]
"""What is wrong with that which a plug-in registers ("is no SourceKind"); None where nothing is."""

log = logging.getLogger("eyeful")


@dataclass(frozen=True, slots=True)
class Registration:
    """A plug-in of another package.

    Attributes:
        group: what it adds.
        name: of its entry point.
        package: the distribution that brings it.
        fault: why it cannot be used, as one line; None where it can be imported.
    """

    group: Group
    name: str
    package: str
    fault: str | None


def names(group: Group) -> tuple[str, ...]:
    """The names of a group's plug-ins: eyeful's own first, then those of other packages, each by name."""
    return tuple(_found(group))


def load(group: Group, name: str, check: Check = lambda _: None) -> Any:
    """What a plug-in registers, imported.

    Raises:
        PluginError: there is none of that name, it cannot be imported, or `check` finds fault with it; the text
            names its package.
    """
    if name not in _found(group):
        raise PluginError(f"there is no plug-in {name!r} among the {group}: {', '.join(names(group))}")
    found = _imported(group, name)
    if isinstance(found, PluginError):
        raise found
    fault = check(found)
    if fault is not None:
        raise _refused(_found(group)[name], f"cannot be used (what it registers {fault})")
    return found


def load_all(group: Group, check: Check = lambda _: None) -> dict[str, Any]:
    """Every plug-in of a group by name, imported; in the order of `names`.

    One of another package that is of no use is left out, with a warning: it harms nobody who did not ask for it.

    Raises:
        PluginError: one of eyeful's own cannot be imported.
    """
    found = {}
    for name in names(group):
        try:
            found[name] = load(group, name, check)
        except PluginError as error:
            if _is_ours(_found(group)[name]):
                raise
            _warn(f"going on without a plug-in: {error}")
    return found


def instance_of(kind: type) -> Check:
    """The check that a plug-in registers an object of a class."""
    return lambda found: None if isinstance(found, kind) else f"is no {kind.__name__}"


function = instance_of(FunctionType)
"""The check that a plug-in registers a function."""


def docstring(group: Group, name: str) -> str | None:
    """The docstring of a function of eyeful's own that is registered, read from its source: not imported.

    Returns:
        None where it cannot be told without the import: of other packages, or without source files.
    """
    entry = _found(group)[name]
    spec = find_spec(entry.module) if _is_ours(entry) else None
    read_source = getattr(spec and spec.loader, "get_source", None)
    source = read_source(entry.module) if read_source is not None else None
    for one in ast.parse(source or "").body:
        if isinstance(one, ast.FunctionDef) and one.name == entry.attr:
            return ast.get_docstring(one)
    return None


def of_others() -> list[Registration]:
    """Every plug-in of other packages, imported to see whether it can be."""
    found = []
    for group, entries in _scanned().items():
        for entry in entries:
            if _is_ours(entry):
                continue
            if _found(group)[entry.name] != entry:
                fault: str | None = f"is not used: another package's {entry.name} came first"
            else:
                imported = _imported(group, entry.name)
                fault = str(imported) if isinstance(imported, PluginError) else None
            found.append(Registration(group, entry.name, _package(entry), fault))
    return found


def refresh() -> None:
    """Forget what was found and imported: packages were installed or removed since."""
    for known in (_scanned, _found, _imported, _name_of, _warn):
        known.cache_clear()


@cache
def _scanned() -> dict[Group, tuple[EntryPoint, ...]]:
    """Every group's entry points, of all installed packages at once: reading these takes 10 ms and more."""
    found = entry_points()
    groups: tuple[Group, ...] = get_args(Group)
    return {group: tuple(found.select(group=f"eyeful.{group}")) for group in groups}


@cache
def _found(group: Group) -> dict[str, EntryPoint]:
    """A group's entry points by name; a name of eyeful's own is not taken over by another package."""
    entries = _scanned()[group]
    found: dict[str, EntryPoint] = {}
    for entry in sorted(entries, key=lambda entry: (not _is_ours(entry), entry.name)):
        found.setdefault(entry.name, entry)
    if not any(_is_ours(entry) for entry in entries):
        raise PluginError(
            "eyeful is not installed in this Python, only importable: pip install -e . from its clone"
        )
    return found


@cache
def _imported(group: Group, name: str) -> Any:
    """What a plug-in registers, or the PluginError that says why it cannot be imported."""
    entry = _found(group)[name]
    try:
        return entry.load()
    except Exception as error:  # noqa: BLE001 - importing a module raises what its author's code raises
        refused = _refused(entry, f"cannot be loaded ({one_line(error)})")
        refused.__cause__ = error
        return refused


@cache
def _warn(text: str) -> None:
    """Log a warning, once in a process."""
    log.warning("%s", text)


def _refused(entry: EntryPoint, why: str) -> PluginError:
    package = _package(entry)
    return PluginError(
        f"the plug-in {entry.name!r} of the package {package} {why}: "
        f"pip install -U {package}, or pip uninstall {package}"
    )


def _package(entry: EntryPoint) -> str:
    return _name_of(entry.dist) if entry.dist else entry.module


def _is_ours(entry: EntryPoint) -> bool:
    return entry.dist is not None and _name_of(entry.dist) == "eyeful"


@cache
def _name_of(package: Distribution) -> str:
    """Its name, for which all of its metadata is parsed: a millisecond or two, once for all its entry points."""
    return package.name
