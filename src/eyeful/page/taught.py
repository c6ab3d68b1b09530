"""Models that visitors have taught: one for each, few in memory, and none of anybody else's."""

from __future__ import annotations

import shutil
import threading
import zipfile
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from eyeful.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eyeful.classifier import Classifier

MOST_TAUGHT = 4
"""Taught models in memory; the one that was used the longest time ago is forgotten first."""
NAME = "mymodel"
"""The folder in the file that a visitor downloads."""


@dataclass(slots=True, eq=False)
class _Entry:
    """One visitor's model: who answers, its folder, and whose turn it is."""

    classifier: Classifier | None
    folder: Path
    turn: threading.Lock = field(default_factory=threading.Lock)


class TaughtModels:
    """Classifiers that were taught, by their visitor's session; closed and deleted when they are forgotten."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, session: str, classifier: Classifier, folder: Path) -> None:
        """Hold a visitor's model in place of the one before, and delete those that are too many.

        Args:
            session: the visitor's.
            classifier: from now on owned by this.
            folder: all files of it, to be deleted with it.
        """
        with self._lock:
            forgotten = [self._entries.pop(session, None)]
            self._entries[session] = _Entry(classifier, folder)
            while len(self._entries) > MOST_TAUGHT:
                forgotten.append(self._entries.popitem(last=False)[1])
        for entry in forgotten:
            _delete(entry)

    @contextmanager
    def use(self, session: str) -> Iterator[Classifier]:
        """A visitor's own model.

        Raises:
            UsageError: there is none, or none any more.
        """
        with self._lock:
            entry = self._entries.get(session)
            if entry is not None:
                self._entries.move_to_end(session)
        if entry is None:
            raise UsageError(_GONE)
        with entry.turn:
            if entry.classifier is None:
                raise UsageError(_GONE)
            yield entry.classifier

    def forget(self, session: str) -> None:
        """Close and delete a visitor's model, if there is one."""
        with self._lock:
            entry = self._entries.pop(session, None)
        _delete(entry)

    def close(self) -> None:
        """Forget all."""
        for session in list(self._entries):
            self.forget(session)


_GONE = "what you taught is no longer on the server: press Teach again"


def zip_folder(folder: Path, path: Path) -> Path:
    """Write a bundle as one file to download, a piece at a time.

    Args:
        folder: the bundle.
        path: the .zip file.

    Returns:
        the same path.
    """
    with zipfile.ZipFile(path, "w") as archive:  # weights do not become smaller by compression
        for file in sorted(folder.iterdir()):
            archive.write(file, f"{NAME}/{file.name}")
    return path


def _delete(entry: _Entry | None) -> None:
    if entry is None:
        return
    with entry.turn:
        if entry.classifier is not None:
            entry.classifier.close()
            entry.classifier = None
    shutil.rmtree(entry.folder, ignore_errors=True)
