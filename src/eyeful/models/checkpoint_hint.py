"""Which architecture weights look like, told from few of them."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from eyeful.models.families import builder_of, families
from eyeful.models.meta import shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eyeful.models.base import Architecture
    from eyeful.models.meta import Shapes

_BUFFERS = ("running_mean", "running_var", "num_batches_tracked", "relative_position_index")
"""Last parts of the names of tensors that are no parameters."""
_NEAR = 0.02
"""By how much of it the number of parameters may differ."""
_MOST = 3
"""How many networks are built, on the meta device, to be compared."""
_SHARE = 0.5
"""Of how many of its tensors names and shapes must be found."""


def looks_like(found: Shapes, asked: Architecture | None = None) -> str | None:
    """The architecture of the smaller catalogues with which weights share most tensors; None if there is none.

    Only networks with about as many parameters are built: the catalogues say how many each has.

    Args:
        found: names and shapes of the tensors.
        asked: the architecture that they do not fit; None where none was named.
    """
    parameters = _with_1000_classes(found)
    near = sorted(
        (abs(known - parameters), name, candidate)
        for known, name, candidate in _catalogue()
        if (asked is None or candidate.name != asked.name) and abs(known - parameters) < _NEAR * known
    )
    best, best_share = None, _SHARE if asked is None else max(_SHARE, _share(found, asked))
    for _, name, candidate in near[:_MOST]:
        share = _share(found, builder_of(candidate).as_trained(candidate, name, set(found)))
        if share > best_share:
            best, best_share = name, share
    return best


def _share(found: Shapes, architecture: Architecture) -> float:
    expected = shapes(architecture)
    return len(expected.items() & found.items()) / max(len(expected), len(found))


def _catalogue() -> Iterator[tuple[int, str, Architecture]]:
    """Parameters with 1,000 classes, name and architecture of each that can be compared."""
    for family in families():
        candidates = dict(family.architectures())
        for entry in family.entries("") if candidates else ():
            if entry.parameters and entry.name in candidates:
                yield entry.parameters, entry.name, candidates[entry.name]


def _with_1000_classes(found: Shapes) -> int:
    """How many parameters weights would have with a head of 1,000 classes: the last tensor with two dimensions."""
    sizes = {name: prod(shape) for name, shape in found.items() if name.rpartition(".")[2] not in _BUFFERS}
    head = next((name for name in reversed(sizes) if len(found[name]) > 1), None)
    if head is None or not found[head][0]:
        return sum(sizes.values())
    classes = found[head][0]
    return sum(sizes.values()) + (1000 - classes) * (sizes[head] // classes + 1)
