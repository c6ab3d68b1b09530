"""What the Hugging Face cache holds, told without importing a library."""

import os
from pathlib import Path


def cached_revision(name: str) -> str | None:
    """The commit of the repository behind a model's name that the cache has; None where it has none.

    Args:
        name: as for `eyeful.load`: `hf-hub:ORG/NAME`, `ORG/NAME` or `timm/NAME`, perhaps with `@REVISION`.
    """
    repo, _, revision = name.removeprefix("hf-hub:").removeprefix("hf_hub:").partition("@")
    reference = _cache() / f"models--{repo.replace('/', '--')}" / "refs" / (revision or "main")
    try:
        return reference.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None


def _cache() -> Path:
    """The folder of huggingface_hub, by the variables that it obeys."""
    if cache := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(cache)
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(home).expanduser() / "hub"
