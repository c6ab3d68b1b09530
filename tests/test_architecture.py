"""The structure that docs/architecture.md promises and import-linter cannot say: no circle, small files and functions."""

import ast
import tomllib
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "eyeful"


def test_no_module_imports_itself_through_others():
    graph = grimp.build_graph("eyeful")
    left = {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}
    while free := [module for module, imported in left.items() if not imported & left.keys()]:
        for module in free:
            del left[module]
    assert not left, "each of these is in a circle, or imports one that is"


def test_files_and_functions_can_be_read_at_once():
    long = []
    for path in SOURCE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > 300:
            long.append(str(path))
        long += [
            f"{path}: {node.name}"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.end_lineno - node.body[0].lineno >= 60  # flags and types stand before the body
        ]
    assert long == []


def test_every_module_is_drawn():
    """Each package and top-level file is named in the drawing of docs/architecture.md."""
    drawing = (SOURCE.parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8").split("```")[1]
    for path in SOURCE.iterdir():
        if path.is_dir() and (path / "__init__.py").exists():
            assert f"{path.name}/" in drawing, path.name
        elif path.suffix == ".py" and path.name != "__main__.py":
            assert path.name in drawing, path.name


def test_the_drawn_layers_are_those_that_are_held():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    held = project["tool"]["importlinter"]["contracts"][0]["layers"]
    document = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = document.partition("## The layer rule")[2].split("```")[1].split("\n")
    assert [line for line in drawn if line] == held
