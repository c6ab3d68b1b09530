"""One maker for each bundle of the cache: one makes a missing one, the others wait and read."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from filelock import Timeout

from eyeful.bundle.files import locked
from eyeful.bundle.format import Bundle, is_bundle, read_bundle
from eyeful.cache import cache_folder, process_folder, warn_not_writable
from eyeful.errors import BundleError

log = logging.getLogger("eyeful")


def single_flight(folder: Path, make: Callable[[Path], Bundle]) -> Bundle:
    """The bundle of a folder of the cache, made if it is missing or damaged, by one process and thread at a time.

    A maker that fails or dies lets the next one try. Where the cache cannot be written, the bundle is made in a
    folder of this process, which is removed at its end, and one warning names the remedy.

    Args:
        folder: where the bundle is, or shall be.
        make: writes the bundle to the folder it is given, with `write_bundle`.

    Raises:
        BundleError: neither the cache nor the system's temporary folder can be written.
        Exception: what `make` raises.
    """
    found = _whole(folder)
    if found is not None:
        return found
    with ExitStack() as stack:
        try:
            _take_turn(folder, stack)
        except OSError as error:
            warn_not_writable(cache_folder(), error.strerror or str(error))
            folder = _in_process_folder(folder, stack)
        return _whole(folder) or make(folder)


def _whole(folder: Path) -> Bundle | None:
    if not is_bundle(folder):
        return None
    try:
        return read_bundle(folder)
    except BundleError as error:
        log.warning("%s; preparing it again", error)
        return None


def _take_turn(folder: Path, stack: ExitStack) -> None:
    """Hold the lock beside a folder until the stack is closed."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = folder.with_name(f".{folder.name}.lock")
    try:
        stack.enter_context(locked(lock, timeout=0))
    except Timeout:
        log.info("%s is being prepared by another process or thread; waiting for it", folder.name)
        stack.enter_context(locked(lock))


def _in_process_folder(folder: Path, stack: ExitStack) -> Path:
    try:
        folder = process_folder() / folder.parent.name / folder.name
        _take_turn(folder, stack)
    except OSError as error:
        raise BundleError(
            f"cannot write a prepared model to {folder} ({error.strerror or error}): "
            "set EYEFUL_HOME to a folder that you may write"
        ) from error
    return folder
