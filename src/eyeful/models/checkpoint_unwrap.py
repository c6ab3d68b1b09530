"""The wrappings of a checkpoint's weights: keys of training scripts, and what stands before every name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eyeful.errors import CheckpointError
from eyeful.models.checkpoint_numpy import StoredArray

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from eyeful.models.meta import StateDict

_WRAPPERS = ("state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model", "ema")
"""Where training scripts put weights, timm's and Lightning's among them; of several the first is used."""
_NO_PART = re.compile(r"loss|crit|metric|optim|sched|scaler|random|rng|n_averaged", re.IGNORECASE)
"""In names of what training scripts save beside a network, and what is no part of it."""
_MOST_DICTS = 500
"""How many dicts are searched: fewer than calls may be nested."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Tensors that may be a network's weights.

    Attributes:
        prefix: what stood before every name, keys of wrappers included: `state_dict.module.`; empty for none.
        state: the tensors by their names without it.
        renamed: whether the names had to be translated into the library's.
    """

    prefix: str
    state: StateDict
    renamed: bool = False

    @property
    def title(self) -> str:
        """What to call it before people."""
        return f"{self.prefix}*"

    @property
    def rank(self) -> tuple[int, ...]:
        """Which of several copies is used: the least."""
        parts = self.prefix.split(".")[:-1]
        return tuple(_WRAPPERS.index(part) if part in _WRAPPERS else len(_WRAPPERS) for part in parts)


@dataclass(frozen=True, slots=True)
class Content:
    """What a checkpoint holds that may be weights.

    Attributes:
        tensors: every one, however deep, with the keys that lead to it joined by dots.
        entries: keys of the file itself that have a dict of their own.
    """

    tensors: StateDict
    entries: frozenset[str]


def content_of(loaded: Any, path: Path) -> Content:
    """The tensors of what a checkpoint's file holds.

    Raises:
        CheckpointError: there is none.
    """
    found: StateDict = {}
    for name, tensor in _tensors_in(loaded, "", set()):
        if name in found:
            raise CheckpointError(f"the checkpoint {path} holds two tensors that are called {name}")
        found[name] = tensor
    if not found:
        keys = f" with {', '.join(map(str, [*loaded][:4]))}" if isinstance(loaded, Mapping) and loaded else ""
        raise CheckpointError(
            f"the checkpoint {path} holds no weights by name, only a {type(loaded).__name__}{keys}: save "
            "model.state_dict()"
        )
    return Content(found, frozenset(key for key, value in loaded.items() if isinstance(value, Mapping)))


def _tensors_in(value: Any, name: str, seen: set[int]) -> Iterator[tuple[str, Tensor]]:
    """Tensors and NumPy's arrays of numbers; a dict that stands in two places, or in itself, counts once."""
    import torch

    if isinstance(value, Mapping) and id(value) not in seen and len(seen) < _MOST_DICTS:
        seen.add(id(value))
        for key, one in value.items():
            if isinstance(key, str):  # numbers count an optimizer's parameters
                yield from _tensors_in(one, f"{name}.{key}" if name else key, seen)
    elif isinstance(value, StoredArray) and name:
        with suppress(TypeError, ValueError):  # texts, objects, numbers of another machine
            yield name, torch.from_numpy(value.value())
    elif isinstance(value, torch.Tensor) and name:
        yield name, value


def candidates(tensors: dict[str, Tensor], least: int) -> list[Candidate]:
    """Every group of tensors whose names have a first part in common, as it is and without that, at any depth.

    Args:
        tensors: by name.
        least: how many a group must have.
    """
    found = [Candidate("", tensors)]
    for candidate in found:  # grows as it goes
        groups: dict[str, StateDict] = {}
        for name, tensor in candidate.state.items():
            first, dot, rest = name.partition(".")
            if dot:
                groups.setdefault(first, {})[rest] = tensor
        found += [
            Candidate(f"{candidate.prefix}{first}.", group)
            for first, group in groups.items()
            if len(group) >= least
        ]
    return found


def left_out(tensors: dict[str, Tensor], candidate: Candidate) -> list[str]:
    """What a checkpoint holds beside the weights of one candidate, in as few words as tell it apart."""
    inside = candidate.prefix.split(".")[:-1]
    found: dict[str, None] = {}
    for name in tensors:
        parts = name.split(".")
        same = next((n for n, part in enumerate(inside) if parts[n : n + 1] != [part]), None)
        if same is not None:
            found[".".join(parts[: same + 1])] = None
    return list(found)


def other_parts(content: Content, candidate: Candidate, copies: list[Candidate]) -> list[str]:
    """What lies beside one candidate and may be a part of its network, as a head behind a backbone is.

    Args:
        content: of the checkpoint.
        candidate: the weights that are to be used.
        copies: all candidates that fit as well.
    """
    first = candidate.prefix.partition(".")[0]
    is_wrapper = first in _WRAPPERS and first in content.entries
    fitting = {copy.prefix for copy in copies}

    def is_harmless(part: str) -> bool:
        beside = "." not in part and first in content.entries  # not between the names of the network
        return (
            (beside and (is_wrapper or part not in content.entries))
            or part in _WRAPPERS
            or any(prefix.startswith(f"{part}.") for prefix in fitting)
            or _NO_PART.search(part.rpartition(".")[2]) is not None
        )

    return [part for part in left_out(content.tensors, candidate) if not is_harmless(part)]
