"""A label as people write it → its index."""

from difflib import get_close_matches

from eyeful.errors import UsageError
from eyeful.types import Labels


def find_target(labels: Labels, text: str | int) -> int:
    """The position of a label given as its name, WordNet id or index.

    Raises:
        UsageError: there is none, or there are several of that name.
    """
    wanted = str(text).strip().casefold()
    if wanted.isdecimal():
        if int(wanted) < len(labels):
            return int(wanted)
        raise UsageError(f"there is no label {wanted}; the last is {len(labels) - 1}")
    if wanted in labels.wnids:
        return labels.wnids.index(wanted)
    names = [name.casefold() for name in labels.names]
    found = [place for place, name in enumerate(names) if name == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        which = " or ".join(f"{place} ({labels.wnids[place] or 'no WordNet id'})" for place in found)
        raise UsageError(f"{len(found)} labels are called {text}: say {which}")
    near = get_close_matches(wanted, names, 3)
    meant = f"; did you mean {' or '.join(labels.names[names.index(name)] for name in near)}?" if near else ""
    raise UsageError(
        f"no label {str(text)!r} among the {len(labels)}{meant or '; `eyeful info --all-labels` has all'}"
    )
