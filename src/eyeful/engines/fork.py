"""Engines in a forked child: their threads are gone, and they must not be freed."""

from __future__ import annotations

import ctypes
import os
import weakref
from functools import cache

_ENGINES: weakref.WeakSet[object] = weakref.WeakSet()


def abandon_in_children(engine: object) -> None:
    """See that a forked child does not free an inherited engine, which would wait for threads that are gone."""
    _ENGINES.add(engine)
    _register()


@cache
def _register() -> None:
    def abandon() -> None:
        for engine in _ENGINES:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(engine))
        libc = ctypes.CDLL(None)
        if hasattr(libc, "on_exit"):  # glibc: when Python is done, end before the libraries' own destructors
            libc.on_exit(libc._exit, None)  # noqa: SLF001 - its name in C

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=abandon)
