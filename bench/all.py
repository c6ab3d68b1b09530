"""The figures of the documents' tables, measured anew: `python bench/all.py PHOTOS CAMERA` (or `make figures`).

A quarter of an hour on a machine that does nothing else. Each script writes its file in `docs/data`, of which the
tables are made then. What is not installed is left out (wrk for the server, the other tools); what takes longer is
run by its own script (`models.py`, `large_run.py`); figures of other machines stay as they are.
"""

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

from machine import load_note, machine

ROOT = Path(__file__).parents[1]
DATA = Path("docs", "data")


def main() -> None:
    """Run them one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("camera", type=Path)
    parser.add_argument("--only", nargs="+", help="names of files in docs/data, without .json")
    asked = parser.parse_args()
    photos, camera = (str(folder.absolute()) for folder in (asked.photos, asked.camera))
    image = str(next(iter(sorted(asked.photos.absolute().rglob("*.[jJ]*")))))
    scripts = {
        "networks": ["networks.py", photos, camera, "--seconds", "1.5"],
        "int8": ["int8.py", photos],
        "decode": ["decode.py", photos, camera],
        "peers": ["peers.py", photos, "--images", "64", "--rounds", "2"],
        "verify": ["agreement.py", photos],
        **({"serving": ["serving.py", image]} if shutil.which("wrk") else {}),
    }
    print(f"{machine()}\n{load_note()}")
    for name, (script, *words) in scripts.items():
        if asked.only and name not in asked.only:
            continue
        started = time.perf_counter()
        command = [sys.executable, str(ROOT / "bench" / script), *words, "--json", str(DATA / f"{name}.json")]
        subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 - our own scripts
        print(f"\n{name}: {time.perf_counter() - started:.0f} s\n", flush=True)
    subprocess.run([sys.executable, str(ROOT / "tools" / "tables.py")], check=True)  # noqa: S603


if __name__ == "__main__":
    main()
