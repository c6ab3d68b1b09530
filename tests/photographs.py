"""The labelled photographs by what they show, and vectors that are made once."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from filelock import FileLock

from eyeful.bundle.head import unit_vectors
from eyeful.results.wordnet import wordnet

KINDS = {
    "birds": "bird",
    "dogs": "dog",
    "other mammals": "mammal",
    "vehicles": "vehicle",
    "reptiles": "reptile",
    "invertebrates": "invertebrate",
    "clothing": "clothing or covering",
    "containers": "container",
}
FOOD = {"food", "food or drink", "fruit or vegetable", "fruit or seed"}


def kind_of(name: str) -> str:
    """The first of the kinds that a labelled photograph is, by WordNet; empty for another."""
    tree = wordnet()
    above = {tree.names.get(node) for node in tree.upwards(name.partition("_")[0])}
    kind = next((kind for kind, node in KINDS.items() if node in above), "")
    return kind or ("food" if above & FOOD else "")


def cached(name: str, make: Callable[[], np.ndarray]) -> np.ndarray:
    """What another run of the tests has made, or this one makes."""
    path = (Path(os.environ["EYEFUL_HOME"]) / "prepared").resolve().parent / f"{name}.npy"
    with FileLock(f"{path}.lock"):
        if not path.exists():
            np.save(path, make())
    return unit_vectors(np.load(path))
