"""Weight files: fetched once, checked ever after.

Downloads keep torch.hub's own code and cache (`TORCH_HOME`). The published hash (8 or more digits in the file
name) is checked at download; the full sha256 is recorded at first use in a ledger and must never change.
`EYEFUL_MIRROR` redirects downloads to another host that has the same file names.
"""

import json
import os
import re
import sys
from contextlib import redirect_stdout
from http.client import HTTPException
from pathlib import Path

from eyeful.bundle.files import sha256_of, write_atomically
from eyeful.cache import cache_folder
from eyeful.errors import WeightsError, one_line
from eyeful.models.base import DEFAULT_MODEL
from eyeful.models.torchvision_import import import_torchvision

_PUBLISHED = re.compile(r"-([a-f0-9]{8,64})\.[a-z]+$")


def mirror() -> str | None:
    """The mirror that downloads are redirected to, without a slash at its end."""
    return os.environ.get("EYEFUL_MIRROR", "").rstrip("/") or None


def hub_file(url: str) -> Path:
    """Where torch.hub keeps the file of a URL."""
    import_torchvision()
    import torch

    return Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]


def fetch_hub_file(url: str) -> Path:
    """The file of a URL in torch.hub's cache, downloaded if it is not there, and verified.

    Raises:
        WeightsError: it cannot be downloaded, or its content is not what was published or recorded.
    """
    import torch

    path = hub_file(url)
    if not path.exists():
        if mirror():
            url = f"{mirror()}/{path.name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        published = _PUBLISHED.search(path.name)
        print(f"downloading {url}", file=sys.stderr)  # noqa: T201 - beside torch.hub's own progress bar
        try:
            with redirect_stdout(sys.stderr):
                torch.hub.download_url_to_file(
                    url,
                    str(path),
                    hash_prefix=published[1] if published else None,
                    progress=sys.stderr.isatty(),
                )
        except (OSError, HTTPException, RuntimeError, ValueError) as error:
            raise WeightsError(not_here(path.name, str(path), error)) from error
    return path


def not_here(name: str, place: str, reason: object) -> str:
    """The one line for weights that are not cached and cannot be downloaded."""
    why = one_line(reason)
    return (
        f"the weights {name} are not here and cannot be downloaded ({why}): put the file at {place}, "
        f"or set EYEFUL_MIRROR to a server that has it; {DEFAULT_MODEL} works now, `eyeful models --here` lists "
        "what else does"
    )


def verified_sha256(path: Path) -> str:
    """The sha256 of a weight file, checked against its name and against the ledger; recorded at first use.

    Raises:
        WeightsError: it is not what was published, or has changed since it was first used.
    """
    try:
        digest = sha256_of(path)
    except OSError as error:
        raise WeightsError(f"the weights {path} cannot be read: {error.strerror}") from error
    published = _PUBLISHED.search(path.name)
    if published and not digest.startswith(published[1]):
        raise WeightsError(
            f"the weights {path} are damaged: their sha256 begins with {digest[:8]}, "
            f"{published[1]} was published; delete the file and run again"
        )
    ledger_path = cache_folder() / "weights.json"
    ledger = _read_ledger(ledger_path)
    key = str(path.resolve())
    if key not in ledger:
        _record(ledger_path, ledger | {key: digest})
    elif ledger[key] != digest:
        raise WeightsError(
            f"the weights {path} have changed since they were first used (sha256 {ledger[key][:8]}… then, "
            f"{digest[:8]}… now): fetch them again, or, if the change is meant, delete their line in {ledger_path}"
        )
    return digest


def _read_ledger(path: Path) -> dict[str, str]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _record(path: Path, ledger: dict[str, str]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(ledger, indent=1, sort_keys=True) + "\n")
    except OSError as error:
        raise WeightsError(f"the ledger of weights {path} cannot be written: {error.strerror}") from error
