"""Weights → the architecture that they fit strictly, tensor by tensor."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from eyeful.errors import CheckpointError
from eyeful.models.base import DEFAULT_MODEL
from eyeful.models.channels import RGB, wrong_channels
from eyeful.models.checkpoint_hint import looks_like
from eyeful.models.checkpoint_unwrap import Candidate, Content, candidates, left_out, other_parts
from eyeful.models.families import builder_of
from eyeful.models.meta import shapes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from eyeful.models.base import Architecture
    from eyeful.models.families import ModelFamily
    from eyeful.models.meta import Shapes, StateDict

_COUNTER = "num_batches_tracked"
"""A buffer of batch normalisation since PyTorch 0.4.1; inference does not use it."""
_NO_WEIGHTS = ("n_averaged", "total_ops", "total_params")
"""Last parts of names that AveragedModel and the profiler thop leave between the weights."""

_MOST = 4
"""Left-out entries that are named; more are counted."""
_MOST_COMPARED = 8
"""Groups of tensors, the largest, whose names are translated, or compared with other architectures."""
_CONVOLUTION = 4
"""Dimensions of a convolution's weight; the second is its channels."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Weights that fit an architecture entirely.

    Attributes:
        architecture: with the number of classes and the options of the weights.
        state: every tensor of the architecture.
        candidate: where they were in the checkpoint.
        dropped: names of tensors between them that are no weights.
    """

    architecture: Architecture
    state: StateDict
    candidate: Candidate
    dropped: tuple[str, ...]


def fit(architecture: Architecture, spec: str, content: Content, path: Path) -> Fit:
    """The weights of a checkpoint that fit an architecture, whatever they are wrapped in.

    Args:
        architecture: which network.
        spec: what the user called it.
        content: of the checkpoint.
        path: its file, for the text of an error.

    Raises:
        CheckpointError: none fit entirely, or it cannot be told which are meant; names the first tensor that does
            not fit.
    """
    builder = builder_of(architecture)
    _, expected = _expected(builder, architecture, spec, content.tensors)
    found = candidates(content.tensors, least=sum(_COUNTER not in name for name in expected) // 2)
    matches = [fit for one in found if (fit := _strict(builder, architecture, spec, one)) is not None]
    if not matches:
        largest = sorted(found, key=lambda one: -len(one.state))[:_MOST_COMPARED]
        translated = list(_translated(builder, architecture, spec, largest))
        matches = [fit for one in translated if (fit := _strict(builder, architecture, spec, one)) is not None]
        if not matches:
            raise CheckpointError(_misfit(builder, architecture, spec, largest + translated, path))
    return _chosen(matches, content, path)


def _chosen(matches: list[Fit], content: Content, path: Path) -> Fit:
    """The copy that is meant.

    Raises:
        CheckpointError: that cannot be told.
    """
    first, *others = sorted(matches, key=lambda fit: fit.candidate.rank)
    name, title = first.architecture.name, first.candidate.title
    for other in others:
        if other.candidate.rank == first.candidate.rank and not _same(first.state, other.state):
            raise CheckpointError(
                f"{path} holds two networks that fit {name}, {title} and {other.candidate.title}: save the one "
                "that is meant"
            )
    parts = other_parts(content, first.candidate, [fit.candidate for fit in matches])
    if parts:
        named = ", ".join(parts[:_MOST])
        raise CheckpointError(
            f"{path} does not fit {name}: beside {title}, which does, it has {named}, which may be a "
            f"part of the network; if not, save the state_dict of {title.removesuffix('.*')} alone"
        )
    return first


def described(fit: Fit, tensors: StateDict) -> str:
    """What was taken off the weights and what was left out, in one line; empty where nothing was."""
    beside = [*left_out(tensors, fit.candidate), *dict.fromkeys(name.rpartition(".")[2] for name in fit.dropped)]
    more = f" and {len(beside) - _MOST} more" if len(beside) > _MOST else ""
    parts = {
        f"weights read from {fit.candidate.title}": fit.candidate.prefix,
        f"left out: {', '.join(beside[:_MOST])}{more}": beside,
        "an average, as AveragedModel makes it": any(name.endswith("n_averaged") for name in beside),
        f"names translated by the rules of {fit.architecture.library}": fit.candidate.renamed,
    }
    return "; ".join(text for text, is_so in parts.items() if is_so)


def _strict(builder: ModelFamily, architecture: Architecture, spec: str, candidate: Candidate) -> Fit | None:
    """The fit of a candidate; None if it does not fit strictly."""
    architecture, expected = _expected(builder, architecture, spec, candidate.state)
    state, dropped = _completed(candidate.state, expected)
    return Fit(architecture, state, candidate, dropped) if _shapes_of(state) == expected else None


def _translated(
    builder: ModelFamily, architecture: Architecture, spec: str, found: list[Candidate]
) -> Iterator[Candidate]:
    """Candidates with the names of the library, where it knows how to translate them."""
    for candidate in found:
        trained, _ = _expected(builder, architecture, spec, candidate.state)
        state = builder.renamed(trained, candidate.state)
        if state is not None:
            yield replace(candidate, state=state, renamed=True)


def _expected(
    builder: ModelFamily, architecture: Architecture, spec: str, state: StateDict
) -> tuple[Architecture, Shapes]:
    """The architecture with the options and the number of classes of some weights, and its tensors."""
    architecture = builder.as_trained(architecture, spec, set(state))
    expected = shapes(architecture)
    name, shape = list(expected.items())[-1]
    found = tuple(state[name].shape) if name in state else ()
    if found and found[0] and len(found) == len(shape) and found[1:] == shape[1:]:
        architecture = replace(architecture, num_classes=found[0])
        expected = shapes(architecture)
    return architecture, expected


def _completed(state: StateDict, expected: Shapes) -> tuple[StateDict, tuple[str, ...]]:
    """The tensors with the counters that older files lack, and without what is no weight; what the latter was."""
    import torch

    extra = [name for name in state if name not in expected]
    dropped = tuple(name for name in extra if name.rpartition(".")[2] in _NO_WEIGHTS)
    unused = {*dropped, *(name for name in extra if name.rpartition(".")[2] == _COUNTER)}
    counters = [name for name in expected if name not in state and name.rpartition(".")[2] == _COUNTER]
    weights = {name: tensor for name, tensor in state.items() if name not in unused}
    return weights | {name: torch.tensor(0) for name in counters}, dropped


def _same(one: StateDict, other: StateDict) -> bool:
    pairs = [(tensor, other[name]) for name, tensor in one.items()]
    return all(a.dtype == b.dtype and a.layout == b.layout and not a.is_meta and a.equal(b) for a, b in pairs)


def _shapes_of(state: StateDict) -> Shapes:
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def _misfit(
    builder: ModelFamily, architecture: Architecture, spec: str, found: list[Candidate], path: Path
) -> str:
    """Why nothing fits, by the group that has most names of the architecture, and what it looks like."""
    _, expected = _expected(builder, architecture, spec, found[0].state)
    best = max(reversed(found), key=lambda one: (len(one.state.keys() & expected.keys()), len(one.state)))
    architecture, expected = _expected(builder, architecture, spec, best.state)
    state, _ = _completed(best.state, expected)
    channels = _other_channels(expected, state)
    if channels is not None:
        return f"{wrong_channels(str(path), channels)}: train one on images of 3 channels"
    misfit = f"{path} does not fit {architecture.name}: "
    moved = _moved_head(expected, state)
    if spec == DEFAULT_MODEL and not moved:  # nobody need have named it
        hint = _hint(found, architecture)
        return f"--checkpoint needs --model ARCHITECTURE: {path} does not fit {spec}, the default{hint}"
    return misfit + (moved or f"{_first_misfit(expected, state)}{_hint(found, architecture)}")


def _other_channels(expected: Shapes, state: StateDict) -> int | None:
    """How many channels weights take, where it is another number than the three of the architecture."""
    for name, shape in expected.items():
        if len(shape) == _CONVOLUTION and shape[1] == RGB and name in state:
            found = state[name].shape
            return found[1] if len(found) == _CONVOLUTION and found[1] != RGB else None
    return None


def _moved_head(expected: Shapes, state: StateDict) -> str:
    """What to do where all fits but the last layer, which stands in a Sequential; empty where that is not so."""
    missing, more = expected.keys() - state.keys(), state.keys() - expected.keys()
    head = {name.rpartition(".")[0] for name in missing}
    inner = {name.rpartition(".")[0] for name in more}
    if len(head) != 1 or len(inner) != 1:
        return ""
    (new,), (old,) = head, inner
    if not re.fullmatch(re.escape(new) + r"\.[0-9]+", old):
        return ""
    renamed = f"state = {{name.replace({old + '.'!r}, {new + '.'!r}): tensor for name, tensor in state.items()}}"
    return f"its last layer is called {old}, not {new}; if only dropout stands before it, rename it: {renamed}"


def _first_misfit(expected: Shapes, state: StateDict) -> str:
    if not expected.keys() & state.keys():
        return (
            f"none of its tensors has the name of one of the architecture's (it has {', '.join([*state][:3])} ...)"
        )
    for name, shape in expected.items():
        if name not in state:
            near = difflib.get_close_matches(name, state, 1)
            return f"it has no {name} {list(shape)}" + (f" (it has {near[0]})" if near else "")
        if tuple(state[name].shape) != shape:
            return f"{name} is {list(state[name].shape)} where the architecture has {list(shape)}"
    return f"the architecture has no {next(name for name in state if name not in expected)}"


def _hint(found: list[Candidate], architecture: Architecture) -> str:
    for candidate in found:
        if (name := looks_like(_shapes_of(candidate.state), architecture)) is not None:
            return f"; it looks like {name}: --model {name}"
    return "; none that `eyeful models` lists is like it"
