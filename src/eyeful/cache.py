"""Where eyeful keeps what it can make again: prepared models and the ledger of weights."""

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """`EYEFUL_HOME`, or the user's cache folder; it need not exist yet."""
    return Path(os.environ.get("EYEFUL_HOME") or platformdirs.user_cache_path("eyeful"))
