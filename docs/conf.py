"""The documentation site: Sphinx, Furo and MyST over the Markdown that GitHub shows as well (decision 35).

What differs between the two is made here, when a page is read:

- A `.txt` page holds the path of the Markdown file that it shows: the list of documents is the first page, and the
  changelog and its like, which lie at the root of the repository, are pages as well.
- A link to a file of the repository that is no page leads to the repository.
- An image on another host, a badge, becomes its text: the site asks no other host for anything.
- The list of documents is also the navigation: each of its headings with links is a caption.
"""

import importlib.metadata
import re
from os.path import relpath
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).parent
ROOT = DOCS.parent
REPOSITORY = "https://github.com/eyeful/eyeful"

project = "eyeful"
copyright = "the authors of eyeful, Apache-2.0"  # noqa: A001
release = importlib.metadata.version("eyeful").partition("+")[0]
html_title = f"eyeful {release}"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown", ".txt": "markdown"}
myst_heading_anchors = 6  # as GitHub makes them
default_role = "code"  # what stands in backticks in a docstring
autodoc_class_signature = "separated"
autodoc_default_options = {"members": True, "member-order": "bysource", "exclude-members": "__init__, __new__"}

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = html_logo = "_static/eye.svg"
html_copy_source = False

SHOWN = {path.parent / path.read_text().strip(): path for path in DOCS.rglob("*.txt")}
"""Markdown file → the `.txt` page that shows it."""
SHOWN = {file.resolve(): page for file, page in SHOWN.items()}
exclude_patterns = [relpath(file, DOCS) for file in SHOWN]

_LINK = re.compile(r"(?<=\]\()(?!\w+:|#)[^)#\s]+")
_REMOTE_IMAGE = re.compile(r"!\[([^\]]*)\]\(https?:[^)]*\)")


def page_of(app: Sphinx, docname: str, source: list[str]) -> None:
    """What Sphinx reads of a page, instead of what lies there."""
    page = Path(app.env.doc2path(docname))
    file = next((file for file, shows in SHOWN.items() if shows == page), page)
    text = file.read_text(encoding="utf-8")
    text = _REMOTE_IMAGE.sub(r"\1", text)
    text = _LINK.sub(lambda link: target_of(link[0], file, page), text)
    source[0] = f"{text}\n{navigation(text) if file.name == 'README.md' else ''}"


def target_of(link: str, file: Path, page: Path) -> str:
    """Where a link of a Markdown file leads from its page: to a page, or into the repository."""
    target = (file.parent / link).resolve()
    if target in SHOWN:
        return relpath(SHOWN[target], page.parent)
    if target.is_relative_to(DOCS) and target.is_file():
        return relpath(target, page.parent)
    if target.is_relative_to(ROOT) and target.exists():
        return f"{REPOSITORY}/{'tree' if target.is_dir() else 'blob'}/main/{target.relative_to(ROOT)}"
    return link


def navigation(text: str) -> str:
    """The hidden tables of contents of a page that lists others."""
    trees = []
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        pages = re.findall(r"\]\((?!\w+:)([^)#]+\.(?:md|txt))\)", section)
        if pages:
            caption = section.partition("\n")[0]
            trees.append(f":::{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(dict.fromkeys(pages)) + "\n```\n")
    return "\n".join(trees)


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", page_of)
