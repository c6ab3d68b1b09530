"""Makes `src/eyeful/results/wordnet.json`: the part of WordNet's tree of nouns that lies above ImageNet's labels.

    python tools/wordnet_tree.py            # writes the tree, and WordNet's license beside it
    python tools/wordnet_tree.py --check    # writes nothing; exits with 1 where what is there differs

It reads WordNet 3.0 as Debian's package `wordnet-base` has it (`apt-get install wordnet-base`). ImageNet's ids are
offsets into that version; those of other versions differ.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from eyeful.models.labels import imagenet_wnids

RESULTS = Path(__file__).parents[1] / "src" / "eyeful" / "results"


def read_nouns(path: Path) -> dict[str, tuple[str, list[str]]]:
    """Every noun of a `data.noun`: its id → its first name, and the ids of its hypernyms.

    The form of a line is told in WordNet's wndb(5): offset, file, type, number of words in hexadecimal, each word
    with its lexical id, number of pointers, and four fields for each pointer. `@` and `@i` point to a hypernym.
    """
    nouns = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):  # the license
            continue
        fields = line.partition(" | ")[0].split()
        pointers = 4 + 2 * int(fields[3], 16)
        parents = [
            f"n{offset}"
            for symbol, offset in zip(fields[pointers + 1 :: 4], fields[pointers + 2 :: 4], strict=False)
            if symbol in ("@", "@i")
        ]
        nouns[f"n{fields[0]}"] = (fields[4].replace("_", " "), parents)
    return nouns


def tree_of(nouns: dict[str, tuple[str, list[str]]], labels: tuple[str, ...]) -> str:
    """The labels and all that is above them, as JSON with one node a line."""
    above: set[str] = set()
    left = list(labels)
    while left:
        parents = nouns[left.pop()][1]
        left += [wnid for wnid in parents if wnid not in above]
        above.update(parents)
    lines = {
        "nodes": {wnid: [nouns[wnid][0], *nouns[wnid][1]] for wnid in sorted(above)},
        "labels": {wnid: nouns[wnid][1] for wnid in sorted(set(labels) - above)},
    }
    parts = [
        f'"{part}": {{\n' + ",\n".join(f'"{wnid}":{json.dumps(value)}' for wnid, value in found.items()) + "\n}"
        for part, found in lines.items()
    ]
    return '{"format": 1, "source": "WordNet 3.0",\n' + ",\n".join(parts) + "}\n"


def license_of(path: Path) -> str:
    """The license that every file of WordNet begins with, without the numbers of its lines."""
    head = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("  ")]
    return "\n".join(re.sub(r"^ +\d+ ", "", line).rstrip() for line in head) + "\n"


def is_in(path: Path, text: str) -> bool:
    """Whether a file is there and holds this text."""
    return path.exists() and path.read_text(encoding="utf-8") == text


def main() -> int:
    """Write or check both files."""
    parser = argparse.ArgumentParser(description="Makes the WordNet tree of eyeful's groups.")
    parser.add_argument("--wordnet", type=Path, default="/usr/share/wordnet", help="the folder with data.noun")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where a file differs")
    arguments = parser.parse_args()
    source = arguments.wordnet / "data.noun"
    if not source.exists():
        print(f"{source} is missing: apt-get install wordnet-base, or --wordnet FOLDER names another place")
        return 2
    made = {
        "wordnet.json": tree_of(read_nouns(source), imagenet_wnids()),
        "wordnet-license.txt": license_of(source),
    }
    differing = [name for name, text in made.items() if not is_in(RESULTS / name, text)]
    for name in differing:
        print(f"{name} differs" if arguments.check else f"{name}: {len(made[name]):,} bytes")
        if not arguments.check:
            (RESULTS / name).write_text(made[name], encoding="utf-8")
    return int(arguments.check and bool(differing))


if __name__ == "__main__":
    sys.exit(main())
