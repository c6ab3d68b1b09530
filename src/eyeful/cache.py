"""Where eyeful caches what it can make again: prepared models and the ledger of weights."""

import atexit
import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
import threading
from functools import cache
from pathlib import Path

import platformdirs

log = logging.getLogger("eyeful")

_making = threading.Lock()


def cache_folder() -> Path:
    """`EYEFUL_HOME`, or the user's cache folder; it need not exist yet."""
    return Path(os.environ.get("EYEFUL_HOME") or platformdirs.user_cache_path("eyeful"))


def cache_name(model: str, facts: object) -> str:
    """What a file or folder of the cache is called: its model, for people, and a digest of all it depends on.

    Args:
        model: the model's name.
        facts: plain JSON values.
    """
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", model).strip("-")[:80]
    return f"{slug}-{digest_of(facts)}"


def digest_of(facts: object) -> str:
    """16 hexadecimal digits of the sha256 of plain JSON values."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def process_folder() -> Path:
    """A folder of this process alone, in place of a cache that cannot be written; removed when the process ends.

    Raises:
        OSError: the system's temporary folder cannot be written either.
    """
    with _making:
        return _process_folder(os.getpid())


@cache
def warn_not_writable(folder: Path, reason: str) -> None:
    """Say, once in each process, that nothing can be cached, and what to do about it.

    Args:
        folder: the cache.
        reason: why it cannot be written.
    """
    log.warning(
        "the cache %s cannot be written (%s), so what is prepared lasts for this process only: "
        "set EYEFUL_HOME to a folder that you may write",
        folder,
        reason,
    )


@cache
def _process_folder(process: int) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="eyeful-"))
    atexit.register(_remove, folder, process)
    return folder


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:  # a forked child inherits this call, but not the folder
        shutil.rmtree(folder, ignore_errors=True)
