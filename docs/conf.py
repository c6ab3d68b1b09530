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

from pygments.lexers.special import TextLexer
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
smartquotes = False  # they make a dash of the two hyphens of an option
myst_heading_anchors = 6  # as GitHub makes them
maximum_signature_line_length = 80
default_role = "code"  # what stands in backticks in a docstring
napoleon_use_ivar = True  # attributes as a list, as parameters are
autodoc_preserve_defaults = True
autodoc_class_signature = "separated"  # from how an object is made, which is said where users make it
autodoc_default_options = {"members": True, "member-order": "bysource", "exclude-members": "__init__, __new__"}
nitpick_ignore_regex = [
    ("py:class", name)
    for name in (
        r"(PIL|collections|np|numpy|pathlib)\..+|NDArray|Path",  # other projects, whose index is on other hosts
        r"Activation|CropMode|Interpolation|One|Size",  # said in words where they are asked for
        r"Journal|PreprocessedImage|Preprocessor|SignalHandler|StageTimer|SupportsStream",  # internal
        r"eyeful\.(images\.limits\.Limits|preprocessing\.InputOverrides)",
    )
]

html_theme = "furo"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#2a6f97", "color-brand-content": "#2a6f97"},
    "dark_css_variables": {"color-brand-primary": "#7cb8dc", "color-brand-content": "#7cb8dc"},
}
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = html_logo = "_static/eye.svg"
html_copy_source = False

PAGE_OF = {(page.parent / page.read_text().strip()).resolve(): page for page in DOCS.rglob("*.txt")}
"""Markdown file → the `.txt` page that shows it."""
exclude_patterns = [Path(relpath(file, DOCS)).as_posix() for file in PAGE_OF]

_LINK = re.compile(r"(?<=\]\()(?!\w+:|#)[^)#\s]+")
_LISTED = re.compile(r"^(?:- |\d+\. |\|[^\[\n]*)\[([^\]]+)\]\(([^)#:\s]+\.(?:md|txt))\)", re.MULTILINE)
_REMOTE_IMAGE = re.compile(r"!\[([^\]]*)\]\(https?:[^)]*\)")


def read_page(app: Sphinx, docname: str, source: list[str]) -> None:
    """What Sphinx reads of a page, instead of what lies there."""
    page = Path(app.env.doc2path(docname))
    file = next((file for file, shows in PAGE_OF.items() if shows == page), page)
    app.env.note_dependency(str(file))
    text = _REMOTE_IMAGE.sub(r"\1", file.read_text(encoding="utf-8"))
    text = _LINK.sub(lambda link: target_of(link[0], file, page), text)
    source[0] = f"{text}\n{navigation(text)}" if file.name == "README.md" else text


def target_of(link: str, file: Path, page: Path) -> str:
    """Where a link of a Markdown file leads from its page: to a page, or into the repository."""
    target = (file.parent / link).resolve()
    if not target.is_relative_to(ROOT) or not target.exists():
        return link
    if target in PAGE_OF or (target.is_relative_to(DOCS) and target.is_file()):
        return Path(relpath(PAGE_OF.get(target, target), page.parent)).as_posix()
    return f"{REPOSITORY}/{'tree' if target.is_dir() else 'blob'}/main/{target.relative_to(ROOT).as_posix()}"


def navigation(text: str) -> str:
    """The hidden tables of contents of a page that lists others, a page in an item or a row."""
    trees = []
    for section in re.split(r"^## ", f"\n{text}", flags=re.MULTILINE):
        heading, pages = section.partition("\n")[0], _LISTED.findall(section)
        if pages:
            caption = f":caption: {heading}\n" if heading else ""
            entries = "\n".join(f"{title.replace('`', '')} <{page}>" for title, page in pages)
            trees.append(f"```{{toctree}}\n:hidden:\n{caption}\n{entries}\n```\n")
    return "\n".join(trees)


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.add_lexer("csv", TextLexer)
    app.connect("source-read", read_page)
