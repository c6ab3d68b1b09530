"""The lesson, run from top to bottom, as a page of docs/: `python lessons/render.py`."""

import io
import os
import re
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert import MarkdownExporter
from PIL import Image
from traitlets.config import Config

NOTEBOOK = Path(__file__).with_name("cnn_inference.ipynb")
PAGE = NOTEBOOK.parents[1] / "docs" / "lesson" / "cnn_inference.md"
HIDDEN = "hide-input"
"""The tag of cells whose code is not for reading: the page has only what they draw."""


def run(folder: Path) -> nbformat.NotebookNode:
    """The notebook with its outputs, having worked in `folder`; offline, so that its answers are of one network.

    Raises:
        CellExecutionError: a cell failed.
    """
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    place = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, timeout=300, resources=place, coalesce_streams=True)
    client.execute(env=os.environ | {"TORCH_HOME": str(folder), "https_proxy": "http://127.0.0.1:9"})
    return notebook


def render(notebook: nbformat.NotebookNode, page: Path) -> None:
    """Write the page, and its images beside it."""
    hidden = Config(TagRemovePreprocessor={"enabled": True, "remove_input_tags": {HIDDEN}})
    body, resources = MarkdownExporter(config=hidden).from_notebook_node(notebook)
    page.parent.mkdir(parents=True, exist_ok=True)
    for old in page.parent.glob("output_*.jpg"):
        old.unlink()
    body = re.sub(r"!\[png\]\((\w+)\.png\)", r"![what this cell shows](\1.jpg)", body)
    page.write_text(body, encoding="utf-8")
    for name, content in resources["outputs"].items():
        image = Image.open(io.BytesIO(content)).convert("RGB")
        image.thumbnail((1100, 1100))
        image.save(page.parent / Path(name).with_suffix(".jpg"), quality=85, optimize=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        render(run(Path(folder)), PAGE)
