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

from eyeful.bundle.files import locked, sha256_or, write_atomically
from eyeful.cache import cache_folder, warn_not_writable
from eyeful.errors import WeightsError, one_line
from eyeful.models.base import DEFAULT_MODEL

_PUBLISHED = re.compile(r"-([a-f0-9]{8,64})\.[a-z]+$")


def mirror() -> str | None:
    """The mirror that downloads are redirected to, without a slash at its end."""
    return os.environ.get("EYEFUL_MIRROR", "").rstrip("/") or None


def hub_file(url: str) -> Path:
    """Where torch.hub keeps the file of a URL; told without importing torch, by the same variables."""
    if "torch" in sys.modules:
        folder = Path(sys.modules["torch"].hub.get_dir())
    else:
        caches = os.environ.get("XDG_CACHE_HOME", "~/.cache")  # as torch.hub puts it together
        home = os.environ.get("TORCH_HOME", os.path.join(caches, "torch"))  # noqa: PTH118 - an empty one counts
        folder = Path(os.path.expanduser(home)) / "hub"  # noqa: PTH111 - leaves ~ where there is no home
    return folder / "checkpoints" / url.rpartition("/")[2]


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
        f"or set EYEFUL_MIRROR to a server that has it; {DEFAULT_MODEL} works now, `eyeful models --local` lists "
        "what else does"
    )


def verified_sha256(path: Path) -> str:
    """The sha256 of a weight file, checked against its name and against the ledger; recorded at first use.

    Raises:
        WeightsError: it is not what was published, or has changed since it was first used.
    """
    digest = sha256_or(WeightsError, "the weights", path)
    published = _PUBLISHED.search(path.name)
    if published and not digest.startswith(published[1]):
        raise WeightsError(
            f"the weights {path} are damaged: their sha256 begins with {digest[:8]}, "
            f"{published[1]} was published; delete the file and run again"
        )
    ledger = cache_folder() / "weights.json"
    key = str(path.resolve())
    recorded = _read_ledger(ledger).get(key) or _record(ledger, key, digest)
    if recorded != digest:
        raise WeightsError(
            f"the weights {path} have changed since they were first used (sha256 {recorded[:8]}… then, "
            f"{digest[:8]}… now): fetch them again, or, if the change is meant, delete their line in {ledger}"
        )
    return digest


def _read_ledger(path: Path) -> dict[str, str]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(values, dict):
        return {}
    return {key: digest for key, digest in values.items() if isinstance(digest, str)}


def _record(path: Path, key: str, digest: str) -> str:
    """Enter a digest, unless another process was faster: what the ledger says then.

    A ledger that cannot be written holds nobody to anything, and one warning says so.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.with_name(f".{path.name}.lock")):
            ledger = _read_ledger(path)
            if key not in ledger:
                ledger[key] = digest
                write_atomically(path, json.dumps(ledger, indent=1, sort_keys=True) + "\n")
            return ledger[key]
    except OSError as error:
        warn_not_writable(path.parent, error.strerror or str(error))
        return digest
