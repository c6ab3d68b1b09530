"""An engine that is opened when it is first needed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from eyeful.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable

    from eyeful.engines import Engine


class LazyEngine:
    """An engine that is opened when it is first needed."""

    def __init__(self, open_engine: Callable[[], Engine]) -> None:
        self._open = open_engine
        self._engine: Engine | None = None
        self._closed = False
        self._opening = threading.Lock()

    def open(self) -> Engine:
        """The engine.

        Raises:
            EngineError: it cannot be opened, or is closed.
        """
        with self._opening:
            if self._closed:
                raise EngineError("the model is closed")
            self._engine = self._engine or self._open()
            return self._engine

    def close(self) -> None:
        """Close it, if it was opened."""
        with self._opening:
            self._closed = True
            if self._engine is not None:
                self._engine.close()
