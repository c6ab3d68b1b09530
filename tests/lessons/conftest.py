"""The lesson as the scripts beside it see it."""

import importlib.util
from pathlib import Path

import nbformat
import pytest

RENDER = Path(__file__).parents[2] / "lessons" / "render.py"


@pytest.fixture(scope="session")
def render():
    """lessons/render.py, imported."""
    spec = importlib.util.spec_from_file_location("render_lesson", RENDER)
    assert spec
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def notebook(render):
    """The notebook as it is committed."""
    return nbformat.read(render.NOTEBOOK, as_version=4)
