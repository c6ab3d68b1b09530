"""A version's section of CHANGELOG.md, which becomes the text of its release.

python tools/release_notes.py 0.1.0
"""

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"


def notes_of(version: str, changelog: str) -> str:
    """What stands under `## [VERSION] - DATE`.

    Raises:
        SystemExit: there is no such section, or nothing is in it.
    """
    sections = re.split(r"^## \[(.+)\].*\n", changelog, flags=re.MULTILINE)
    notes = dict(zip(sections[1::2], sections[2::2], strict=True)).get(version, "").strip()
    if not notes:
        sys.exit(f"CHANGELOG.md says nothing of {version}: give it a section '## [{version}] - DATE'")
    return notes


if __name__ == "__main__":
    print(notes_of(sys.argv[1], CHANGELOG.read_text(encoding="utf-8")))
