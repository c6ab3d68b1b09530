"""WordNet's tree of nouns, as far as it lies above ImageNet's 1,000 labels: made by `tools/wordnet_tree.py`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True, eq=False)
class Wordnet:
    """What stands above what, and what people call it. A node may have two parents.

    Attributes:
        parents: of every node and every label of ImageNet, by WordNet id; the root has none.
        names: of every node that may be an answer, as people say it.
        own_names: of the same nodes, as WordNet has it.
    """

    parents: dict[str, tuple[str, ...]]
    names: dict[str, str]
    own_names: dict[str, str]

    def upwards(self, wnid: str) -> dict[str, int]:
        """A node and all that is above it, with the fewest steps that lead there; empty for an unknown one."""
        found: dict[str, int] = {}
        level, steps = {wnid} & self.parents.keys(), 0
        while level:
            found |= dict.fromkeys(level, steps)
            level = {parent for node in level for parent in self.parents[node]} - found.keys()
            steps += 1
        return found


@cache
def wordnet() -> Wordnet:
    """The tree, read when it is first needed, as far as `group_names.toml` lets people see it."""
    import json
    import tomllib
    from importlib.resources import files

    folder = files("eyeful.results")
    tree = json.loads(folder.joinpath("wordnet.json").read_text(encoding="utf-8"))
    reviewed = tomllib.loads(folder.joinpath("group_names.toml").read_text(encoding="utf-8"))
    own_names = {wnid: name for wnid, (name, *_) in tree["nodes"].items() if wnid not in reviewed["skipped"]}
    names = own_names | {wnid: name for wnid, (_, name) in reviewed["reworded"].items()}
    above = tree["labels"] | {wnid: node[1:] for wnid, node in tree["nodes"].items()}
    cut = reviewed["cut"].items()
    parents = {wnid: tuple(node for node in nodes if (wnid, node) not in cut) for wnid, nodes in above.items()}
    return Wordnet(parents, names, own_names)
