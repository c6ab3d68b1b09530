"""The models of the page: those that it was given, and others that are on this machine, loaded when asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from eyeful.errors import UsageError
from eyeful.models import list_models
from eyeful.page.taught import TaughtModels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from eyeful.classifier import Classifier

MOST_LOADED = 3
"""Models that are loaded beside those that were given: as many as one comparison needs."""


@dataclass(slots=True, eq=False)
class _Entry:
    """One model: who answers, how many use it or wait for it, and whose turn it is."""

    classifier: Classifier | None = None
    users: int = 0
    turn: threading.Lock = field(default_factory=threading.Lock)


class Models:
    """Classifiers by the names that the page offers.

    Args:
        classifiers: by alias; the first is the default. Their owner closes them.
        load: loads another by its name; None: there are no others.

    Attributes:
        names: all that can be used, the default first.
        taught: what visitors have taught.
    """

    def __init__(self, classifiers: Mapping[str, Classifier], load: Callable[[str], Classifier] | None) -> None:
        self._classifiers = {alias: _Entry(_warm(classifier)) for alias, classifier in classifiers.items()}
        self._loaded: OrderedDict[str, _Entry] = OrderedDict()
        self._load = load
        self._lock = threading.Lock()
        local = [entry.name for entry in list_models(local=True)] if load is not None else []
        known = {classifier.model for classifier in classifiers.values()} | set(classifiers)
        self.taught = TaughtModels()
        self.names = [*classifiers, *(name for name in local if name not in known)]

    @property
    def default(self) -> str:
        """The name that is chosen at first."""
        return self.names[0]

    @contextmanager
    def use(self, name: str) -> Iterator[Classifier]:
        """A classifier, for one visitor at a time, so that the time it takes is that of one.

        Raises:
            UsageError: the page has no such model.
            EyefulError: it cannot be loaded.
        """
        entry = self._enter(name)
        try:
            with entry.turn:
                if entry.classifier is None:
                    assert self._load is not None  # noqa: S101 - only loadable names are here without one
                    entry.classifier = _warm(self._load(name))
                yield entry.classifier
        finally:
            self._leave(entry)

    def close(self) -> None:
        """Close what was loaded and taught here."""
        self.taught.close()
        with self._lock:
            entries, self._loaded = list(self._loaded.values()), OrderedDict()
        for one in entries:
            with one.turn:
                _close(one)

    def _enter(self, name: str) -> _Entry:
        if name not in self.names:  # the chooser offers no such thing, a made-up request may
            raise UsageError(f"this page has no model {name[:60]!r}: reload it to see which it has")
        with self._lock:
            entry = self._classifiers.get(name) or self._loaded.setdefault(name, _Entry())
            if name in self._loaded:
                self._loaded.move_to_end(name)
            entry.users += 1
        return entry

    def _leave(self, entry: _Entry) -> None:
        """Give it back; what nobody uses and was asked for the longest time ago is closed."""
        with self._lock:
            entry.users -= 1
            idle = [name for name, one in self._loaded.items() if not one.users]
            surplus = idle[: max(0, len(self._loaded) - MOST_LOADED)]
            closing = [self._loaded.pop(name) for name in surplus]
        for one in closing:
            _close(one)


def _warm(classifier: Classifier) -> Classifier:
    """Run it once, so that no visitor waits for the engine to prepare itself, or reads that as the latency."""
    height, width = classifier.preprocessing.size
    classifier.predictor.forward(np.zeros((1, height, width, 3), np.uint8)).result()
    return classifier


def _close(entry: _Entry) -> None:
    if entry.classifier is not None:
        entry.classifier.close()
        entry.classifier = None
