"""Model families: who knows which names, registered through the entry points `eyeful.models`.

A new family is one file with a `ModelFamily`, and its entry point. Registering imports no library: a family
imports its own when it is asked for something.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from eyeful import plugins
from eyeful.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from torch import Tensor, nn

    from eyeful.models.base import Architecture, Model, ModelEntry

_ALIKE = 0.6
"""difflib's ratio above which two names are alike, its own default."""


class ModelFamily:
    """A catalogue of models. A family overrides `matches` and `find`, and what else it has.

    Attributes:
        priority: families are asked in this order, the lowest first; the first whose `matches` says yes has the
            name. eyeful's own are -10 (files and folders), 0 (packaged), 10 (TorchVision), 20 (timm) and 90
            (Hugging Face).
        library: the `Architecture.library` that `build` builds; empty: the family uses another one's.
    """

    priority = 50
    library = ""

    def matches(self, name: str) -> bool:
        """Whether a name is this family's.

        Raises:
            MissingExtraError: the library that could tell is not installed.
        """
        raise NotImplementedError

    def find(self, name: str) -> Model:
        """The model of a name that matches; its weights are not fetched yet.

        Raises:
            UnknownModelError: the catalogue has no such model or weights after all.
            WeightsError: what describes the model cannot be fetched.
        """
        raise NotImplementedError

    def entries(self, query: str, *, local: bool = False) -> list[ModelEntry]:
        """The lines of `eyeful models`; none where the library is not installed.

        Args:
            query: what will be searched for; a large catalogue gives nothing for an empty one.
            local: only models whose weights are on this machine will be shown.
        """
        del query, local
        return []

    def names(self) -> Collection[str]:
        """Names to offer where a user mistyped one, as they are typed."""
        return ()

    def names_at_once(self) -> Collection[str]:
        """Names for a shell's completion: only those that are known without importing a large library."""
        return ()

    def architectures(self) -> Iterable[tuple[str, Architecture]]:
        """Names with their architectures, to compare with a checkpoint that does not fit."""
        return ()

    def build(self, architecture: Architecture) -> nn.Module:
        """The network of an architecture of `library`, with random weights."""
        raise NotImplementedError

    def as_trained(self, architecture: Architecture, spec: str, tensors: set[str]) -> Architecture:
        """The architecture with the options under which a checkpoint was made.

        Args:
            architecture: one of `library`.
            spec: what the user called it.
            tensors: the names in the checkpoint.
        """
        del spec, tensors
        return architecture

    def renamed(self, architecture: Architecture, state: dict[str, Tensor]) -> dict[str, Tensor] | None:
        """A checkpoint's tensors under today's names, where it has older ones or the authors'.

        Args:
            architecture: one of `library`.
            state: the tensors by their names in the checkpoint, which do not fit.

        Returns:
            The tensors under the names of the network that `build` gives; None where no rule is known.
        """
        del architecture, state
        return None


def families() -> list[ModelFamily]:
    """Every family, in the order in which they are asked.

    Raises:
        PluginError: one of eyeful's own cannot be imported.
    """
    found: list[ModelFamily] = list(plugins.load_all("models", plugins.instance_of(ModelFamily)).values())
    return sorted(found, key=lambda family: family.priority)


def builder_of(architecture: Architecture) -> ModelFamily:
    """The family that builds an architecture.

    Raises:
        ModelError: no installed one does.
    """
    for family in families():
        if family.library == architecture.library:
            return family
    raise ModelError(f"{architecture.name}: no installed package builds networks of {architecture.library}")


def build(architecture: Architecture) -> nn.Module:
    """The network of an architecture, with random weights.

    Raises:
        ModelError: no installed family builds networks of its library.
    """
    return builder_of(architecture).build(architecture)


def nearest(name: str, candidates: Iterable[str], most: int = 2) -> list[str]:
    """Which candidates someone who typed a name may have meant, the likeliest first.

    Case, hyphens, underscores, a prefix (`timm/`) and a tag (`.a1_in1k`) do not count: if a candidate differs in
    nothing else it is the only one; otherwise candidates that share most of their letters.

    Args:
        name: what was typed.
        candidates: names that exist; of two that are equally near, the earlier one is preferred.
        most: how many to return.
    """
    typed = _letters(name)
    first: dict[str, str] = {}
    for candidate in candidates:
        first.setdefault(_letters(candidate), candidate)
    if typed in first:
        return [first[typed]]
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(typed)
    ratios: list[float] = []
    for letters in first:
        matcher.set_seq1(letters)
        ratios.append(matcher.ratio() if matcher.quick_ratio() > _ALIKE else 0.0)
    ranked = sorted(zip(ratios, first.values(), strict=True), key=lambda pair: -pair[0])  # stable: earlier first
    return [candidate for ratio, candidate in ranked[:most] if ratio > _ALIKE]


def _letters(name: str) -> str:
    """A name without what people mistype: its letters and digits, in lower case, without prefix and tag."""
    bare = name.lower().rpartition("/")[2].partition(".")[0]
    return re.sub(r"[^a-z0-9]", "", bare)
