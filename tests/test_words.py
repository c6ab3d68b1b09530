"""One word per thing: what version 0.1 called otherwise is gone from code, tests and documents (DESIGN's table)."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOWHERE = (
    *(
        "picture",
        "house",
        "patience",
        "patient",
        "quarantine",
        "mosaic",
        "heated",
        "refusal",
        "licence",
    ),
    *("recipe", "passport", "remarks", "kept", "doorway", "room", "rooms", "floor", "door", "doors"),
    *("PatientServer", "StuckError", "ReaderGoneError", "Waits", "tried_alone", "load_picture", "determinants"),
    *("most_in_flight",),
)
"""In no text at all, as a word or a part of a name."""
NO_NAMES = (
    *("House", "Door", "Recipe", "Passport", "Kept", "Account", "account", "Watch", "watch", "look"),
    *(
        "Loaded",
        "loader",
        "Streams",
        "Stop",
        "Written",
        "walk",
        "Step",
        "strip",
        "words",
        "theirs",
        "here",
        "given",
    ),
    *("_tell", "_say", "lingering", "limit_of"),
)
"""Nothing that is defined is called so."""
ALLOWED = {
    "src/eyeful/bundle/format.py": {
        "passport",
        "recipe",
    },  # the file that a bundle of 0.1 has, which is refused by name
    "tests/bundle/test_bundle.py": {"passport", "recipe"},
    "src/eyeful/models/torchvision.py": {"recipe"},  # TorchVision's own key
    "src/eyeful/preprocessing.py": {"floor"},  # math.floor
    "docs/serving.md": {"passport"},
    "tests/test_words.py": set(NOWHERE),
}


def files() -> list[Path]:
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    for folder in ("src", "docs", "tests"):
        found += (ROOT / folder).rglob("*")
    return [path for path in found if path.suffix in (".py", ".md", ".html", ".css", ".js")]


def parts(text: str) -> set[str]:
    """Words, and the parts of names in snake and camel case."""
    found = set(re.findall(r"[A-Za-z_]+", text))
    for name in list(found):
        found |= {part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}
    return found | {word.removesuffix("s") for word in found}


def test_words_of_version_0_1_are_gone():
    assert files()
    hits = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in files()
        for word in (parts(path.read_text()) & set(NOWHERE)) - ALLOWED.get(str(path.relative_to(ROOT)), set())
    ]
    assert hits == []


def names_in(tree: ast.AST):
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def test_nothing_is_named_by_them():
    hits = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in files()
        if path.suffix == ".py" and path.is_relative_to(ROOT / "src")
        for name in names_in(ast.parse(path.read_text()))
        if name in NO_NAMES
    ]
    assert hits == []
