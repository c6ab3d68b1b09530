"""Inputs that are known to fail before anything is opened: they get their row all the same."""

from functools import partial

from eyeful.errors import ErrorKind, ImageError
from eyeful.types import Item


def refused(filename: str, kind: ErrorKind, message: str) -> Item:
    """An item whose row is this error."""
    return Item(filename, partial(_refuse, kind, message))


def _refuse(kind: ErrorKind, message: str) -> bytes:
    raise ImageError(kind, message)
