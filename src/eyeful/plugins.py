"""Plug-ins: engines, model families, sources, sinks, HTTP protocols and commands, found through entry points.

eyeful's own stand in its `pyproject.toml` under the same groups, `eyeful.engines` and so on, as those of any other
installed package. Nothing is imported before it is asked for.
"""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from eyeful.errors import PluginError, one_line

Group = Literal["engines", "models", "sources", "sinks", "protocols", "commands"]


def names(group: Group) -> tuple[str, ...]:
    """The names of a group's plug-ins: eyeful's own first, then those of other packages, each by name."""
    return tuple(_found(group))


@cache
def load(group: Group, name: str) -> Any:
    """What a plug-in registers, imported.

    Raises:
        PluginError: there is none of that name, or it cannot be imported; the text names its package.
    """
    try:
        return _found(group)[name].load()
    except KeyError:
        raise PluginError(f"there is no plug-in {name!r} among the {group}: {', '.join(names(group))}") from None
    except Exception as error:
        entry = _found(group)[name]
        package = entry.dist.name if entry.dist else entry.module
        raise PluginError(
            f"the plug-in {name!r} of the package {package} cannot be loaded ({one_line(error)}): "
            f"pip install -U {package}, or pip uninstall {package}"
        ) from error


def load_all(group: Group) -> dict[str, Any]:
    """Every plug-in of a group by name, imported; in the order of `names`.

    Raises:
        PluginError: one cannot be imported.
    """
    return {name: load(group, name) for name in names(group)}


@cache
def _found(group: Group) -> dict[str, EntryPoint]:
    """A group's entry points by name; a name of eyeful's own is not taken over by another package."""
    entries = sorted(entry_points(group=f"eyeful.{group}"), key=lambda entry: (not _is_ours(entry), entry.name))
    found: dict[str, EntryPoint] = {}
    for entry in entries:
        found.setdefault(entry.name, entry)
    if not any(_is_ours(entry) for entry in entries):
        raise PluginError(
            "eyeful is not installed in this Python, only importable: pip install -e . from its clone"
        )
    return found


def _is_ours(entry: EntryPoint) -> bool:
    return entry.dist is not None and entry.dist.name == "eyeful"
