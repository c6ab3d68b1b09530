"""Groups: the most specific WordNet node whose labels hold enough of the probability.

Where two labels share it, "dog 97 %" is right and "Labrador retriever 55 %" a guess. A node with two parents
counts once: sums are over distinct labels.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from eyeful.errors import UsageError
from eyeful.results.wordnet import wordnet
from eyeful.types import Group

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eyeful.types import Activation, Labels


class Hierarchy:
    """The WordNet tree above one model's labels. Made by `hierarchy_of`; safe to use from any thread.

    Attributes:
        labels: the model's.
        names: of all nodes that may be an answer: their name, WordNet id, and number of labels; smallest first.
            Of several that hold the same labels, only the deepest is among them, and none that holds a single
            one: there the label is the answer.

    Args:
        labels: the model's; one without a WordNet id, or with one that the tree does not know, stands for itself.
    """

    def __init__(self, labels: Labels) -> None:
        tree = wordnet()
        self.labels = labels
        self._below: dict[str, set[int]] = {}
        for index, wnid in enumerate(labels.wnids):
            for node in (wnid, *tree.upwards(wnid)) if wnid else ():
                self._below.setdefault(node, set()).add(index)
        depths = {node: _depth(node) for node in self._below if node in tree.names}
        nodes: dict[tuple[int, ...], str] = {}
        for node in sorted(depths, key=lambda node: (depths[node], node)):
            nodes[tuple(sorted(self._below[node]))] = node  # a deeper one with the same labels takes its place
        nodes = {held: node for held, node in nodes.items() if len(held) > 1}
        order = sorted(nodes, key=lambda held: (len(held), -depths[nodes[held]], nodes[held]))
        self.names = tuple((tree.names[nodes[held]], nodes[held], len(held)) for held in order)
        self._sizes = np.array([len(held) for held in order], np.intp)
        self._starts = np.cumsum(self._sizes) - self._sizes
        self._indices = np.array([index for held in order for index in held], np.intp)
        self._by_name = self._find_names()

    def group(self, probs_K: NDArray[np.float32], sure: float) -> Group | None:
        """The most specific group that holds enough of the probability; None where only those do that say nothing.

        Most specific is what holds the fewest labels; of these, the most probable; of these, the deepest.

        Args:
            probs_K: float32, as softmax makes them, in the order of the labels.
            sure: the least that its labels hold together, 0.5 to 1: below 0.5 two groups could each have it.
        """
        best = int(probs_K.argmax())
        if probs_K[best] >= sure:
            return Group(self.labels.names[best], self.labels.wnids[best], float(probs_K[best]), 1)
        if not self.names:
            return None
        sums = np.add.reduceat(probs_K.astype(np.float64)[self._indices], self._starts)
        enough = np.flatnonzero(sums >= sure)
        if not len(enough):
            return None
        fewest = enough[self._sizes[enough] == self._sizes[enough[0]]]
        chosen = int(fewest[sums[fewest].argmax()])
        name, wnid, size = self.names[chosen]
        return Group(name, wnid, min(float(sums[chosen]), 1.0), size)

    def members(self, name_or_wnid: str) -> tuple[int, ...]:
        """Positions of the labels that a WordNet id or a name stands for; empty for an unknown one.

        A label's own name goes before a node's. All that have the name count, in upper or lower case: "crane" is a
        bird and a machine. Nodes are known by the name that answers have, and by WordNet's.
        """
        if name_or_wnid in self._below:
            return tuple(sorted(self._below[name_or_wnid]))
        return self._by_name.get(name_or_wnid.casefold(), ())

    def holds(self, group: Group, index: int) -> bool:
        """Whether a group of this hierarchy holds the label at a position."""
        if group.labels == 1:
            return (group.name, group.wnid) == (self.labels.names[index], self.labels.wnids[index])
        return group.wnid is not None and index in self._below.get(group.wnid, ())

    def steps(self, a: int, b: int) -> int | None:
        """How far up from label `a` the nearest node is that also holds label `b`, in nodes; 0 for the same label.

        None where the tree does not know one of them.
        """
        above_a, above_b = (wordnet().upwards(self.labels.wnids[index] or "") for index in (a, b))
        return min((steps for node, steps in above_a.items() if node in above_b), default=None)

    def _find_names(self) -> dict[str, tuple[int, ...]]:
        """Positions by name in lower case."""
        tree = wordnet()
        of_nodes: dict[str, set[int]] = {}
        for names in (tree.names, tree.own_names):
            for wnid in names.keys() & self._below.keys():
                of_nodes.setdefault(names[wnid].casefold(), set()).update(self._below[wnid])
        of_labels: dict[str, set[int]] = {}
        for index, name in enumerate(self.labels.names):
            of_labels.setdefault(name.casefold(), set()).add(index)
        return {name: tuple(sorted(held)) for name, held in (of_nodes | of_labels).items()}


@cache
def _depth(wnid: str) -> int:
    """Nodes on the longest way from the root."""
    return 1 + max((_depth(parent) for parent in wordnet().parents[wnid]), default=0)


@cache
def hierarchy_of(labels: Labels) -> Hierarchy:
    """The hierarchy of a model's labels, made once for equal ones.

    Raises:
        UsageError: no label has a WordNet id that the tree knows.
    """
    if not any(wnid in wordnet().parents for wnid in labels.wnids):
        raise UsageError(
            f"none of the model's {len(labels):,} labels has a WordNet id above which groups are known: "
            "leave sure out, or give the ids in a file (--labels FILE)"
        )
    return Hierarchy(labels)


def hierarchy_for(labels: Labels, activation: Activation) -> Hierarchy:
    """The hierarchy for a model whose probabilities can be added up.

    Raises:
        UsageError: they cannot; or as for `hierarchy_of`.
    """
    if activation == "sigmoid":
        raise UsageError(
            "sure adds up the labels' shares of one whole, and with the activation sigmoid each label has a "
            "probability by itself: leave it out"
        )
    if activation == "none":
        raise UsageError(
            "sure adds up the labels' shares of one whole, and with the activation none only the network knows "
            "whether its outputs are that: leave it out"
        )
    return hierarchy_of(labels)
