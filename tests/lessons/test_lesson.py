"""The lesson runs from top to bottom, is committed without outputs, and its page in docs/ is of today."""

import importlib.util
from pathlib import Path

import nbformat
import pytest

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

RENDER = Path(__file__).parents[2] / "lessons" / "render.py"
SPEC = importlib.util.spec_from_file_location("render_lesson", RENDER)
assert SPEC
lesson = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(lesson)


def test_it_runs(tmp_path):
    notebook = lesson.run(tmp_path)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    words = "".join(output.get("text", "") for output in outputs)
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 8
    assert "11,689,512 parameters, 1.81 · 10⁹ multiply-adds" in words
    assert "tiger cat" in words
    assert "(1280, 7, 7) → (1280,) → (1000,)" in words
    assert "galaxies.jpg → unsure" in words
    lesson.render(notebook, tmp_path / "page" / "lesson.md")
    assert (tmp_path / "page" / "lesson.md").read_text().startswith("# CNN inference")


def test_it_is_committed_without_outputs():
    notebook = nbformat.read(lesson.NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert cell.get("execution_count") is None
        assert not cell.get("outputs")


def test_its_page_is_of_today():
    page = lesson.PAGE.read_text()
    for cell in nbformat.read(lesson.NOTEBOOK, as_version=4).cells:
        assert cell.source.strip() in page
    for name in [part.partition(")")[0] for part in page.split("](")[1:] if ".jpg" in part[:40]]:
        assert (lesson.PAGE.parent / name).is_file()
