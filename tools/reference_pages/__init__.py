"""The pages of docs/reference: each a function that makes its Markdown of what the program says of itself."""

from collections.abc import Callable

from reference_pages import bundle, command_line, errors, http, rows

PAGES: dict[str, Callable[[], str]] = {
    "command-line.md": command_line.page,
    "rows.md": rows.page,
    "errors.md": errors.page,
    "bundle.md": bundle.page,
    "http.md": http.page,
}
"""The pages by name; `python.md` beside them is made by Sphinx."""
