"""What a script measured, as a file that the documents' tables are made of (`tools/tables.py`): `--json FILE`."""

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from machine import machine

_LIBRARIES = ("eyeful", "numpy", "pillow", "openvino", "torch", "torchvision", "timm", "onnxruntime")
ROOT = Path(__file__).parents[1]


def add_json_flag(parser: argparse.ArgumentParser) -> None:
    """`--json FILE`, the same in every script."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")


def write_figures(path: Path | None, rows: Iterable[Mapping[str, Any]], **facts: Any) -> None:
    """Write the figures, with what ran, where and when; nothing where no file is asked for.

    Args:
        path: of the file.
        rows: the figures, a mapping for each row of a table.
        **facts: what else should be known of all of them.
    """
    if path is None:
        return
    words = [word for word in sys.argv if word not in ("--json", str(path))]
    measured = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "command": command(words),
        "commit": commit(),
        "versions": {name: found for name in _LIBRARIES if (found := installed(name))},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {"measured": measured | facts, "rows": [dict(row) for row in rows]}
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def command(words: list[str]) -> str:
    """The command as others would type it: a folder elsewhere by its last part alone, a file as what it is."""
    script, *others = words
    named = (
        word if not word.startswith("/") else Path(word).name.upper() if Path(word).is_dir() else "IMAGE.jpg"
        for word in others
    )
    return shlex.join(["python", f"bench/{Path(script).name}", *named])


def commit() -> str:
    """Of this checkout, marked where other files than documents differ from it; empty outside a checkout."""
    git = ["git", "-C", str(ROOT)]
    try:
        name, changed = (
            subprocess.run([*git, *asked], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
            for asked in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain", "--", ":!docs"])
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f"{name}-dirty" if changed else name


def installed(package: str) -> str | None:
    """Its version."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
