"""What an installation takes: the core, and each extra alone, each in a new environment.

    python bench/install.py [EXTRA ...] [--json FILE]

Seconds are pip's with every file in its cache, so without the time of downloading: `all` is installed once before,
to fill it. Megabytes are those that come beside pip. torch is the build that pip's index has, with the versions of
`constraints.txt`.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import tomllib
import venv
from pathlib import Path
from typing import Any

from figures import add_json_flag, write_figures
from machine import load_note

ROOT = Path(__file__).parents[1]
_EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
CORE = "core"
EXTRAS = (CORE, *(extra for extra in _EXTRAS if extra not in ("dev", "slow")))


class Environment:
    """A new virtual environment; `python` and `scripts` are where its programs are."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=True)
        self.folder = folder
        self.scripts = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.scripts / "python"

    def install(self, package: Path, extra: str = CORE) -> None:
        """Install a wheel, an sdist or a checkout with one extra.

        Raises:
            CalledProcessError: pip could not.
        """
        named = f"eyeful @ {package.as_uri()}" if extra == CORE else f"eyeful[{extra}] @ {package.as_uri()}"
        command = [self.python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        constraints = ["--constraint", ROOT / "constraints.txt"]
        subprocess.run([*command, *constraints, named], check=True, capture_output=True, text=True)  # noqa: S603

    def packages(self) -> dict[str, str]:
        """What is installed beside pip: names and versions."""
        command = [self.python, "-m", "pip", "list", "--format", "json", "--exclude", "pip"]
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
        return {one["name"]: one["version"] for one in json.loads(listed)}

    def size(self) -> int:
        """Bytes of its files."""
        return sum(path.lstat().st_size for path in self.folder.rglob("*") if path.is_file())


def built(folder: Path, target: str = "wheel") -> Path:
    """The wheel or the sdist of this checkout."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", folder]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)  # noqa: S603
    return next(folder.glob("*.whl" if target == "wheel" else "*.tar.gz"))


def measured(wheel: Path, extra: str, folder: Path) -> dict[str, Any]:
    """What an extra takes."""
    environment = Environment(folder)
    before = environment.size()
    began = time.perf_counter()
    environment.install(wheel, extra)
    seconds = time.perf_counter() - began
    packages = environment.packages()
    return {
        "extra": extra,
        "megabytes": round((environment.size() - before) / 1e6),
        "seconds": round(seconds),
        "packages": len(packages),
        "torch": packages.get("torch"),
    }


def main() -> None:
    """Measure what is asked for, and print or write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extras", nargs="*", choices=[*EXTRAS, []], metavar="EXTRA")
    add_json_flag(parser)
    asked = parser.parse_args()
    print(load_note(), end="")
    with tempfile.TemporaryDirectory() as folder:
        wheel = built(Path(folder))
        Environment(Path(folder) / "first").install(wheel, "all")
        found = []
        for extra in asked.extras or EXTRAS:
            with tempfile.TemporaryDirectory(dir=folder) as place:
                found.append(measured(wheel, extra, Path(place)))
            print(found[-1], flush=True)
        facts = {
            "python": platform.python_version(),
            "wheel_kilobytes": round(wheel.stat().st_size / 1000),
            "busy": bool(load_note()),
        }
    write_figures(asked.json, found, **facts)


if __name__ == "__main__":
    main()
