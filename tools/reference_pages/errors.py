"""Errors, warnings and exceptions."""

import inspect

from eyeful import errors
from eyeful.errors import ERROR_KINDS, ERROR_TEXTS, EyefulError
from eyeful.wording import WARNING_TEXTS
from reference_pages.markdown import code, document, paragraphs, table

_INTRO = """
Every input gets exactly one [row](rows.md): an answer, which may carry warnings, or a named error. In Python an
error of one image is a value, `prediction.error_kind`; what concerns the whole run is an
[exception](#exceptions), on the command line one line and [exit code 2](command-line.md#exit-codes). What a
server answers is in [HTTP](http.md#errors).
"""
_ERRORS = """
`error_kind` is for programs, `error` beside it one line for people. Rows that are errors stay as they are when
a run is resumed. To try them again, write their names to a list and classify that
([how](../large-runs.md#read-the-rows)).
"""
_WARNINGS = """
`warnings` says what was done to an image, or should be known of it. A warning is no error: the answer holds,
for the image as the network saw it. Some have a number behind a colon.
"""
_EXCEPTIONS = """
All are importable from `eyeful.errors`, and all have one line of text: what, where, what to do. Catch
`EyefulError` to catch all of them; what is also a `ValueError` or an `ImportError` can be caught as such.
"""


def page() -> str:
    """The page."""
    index = [(f"[`{kind}`](#{kind})", ERROR_TEXTS[kind].label) for kind in ERROR_KINDS]
    warned = [
        (f"[`{name}`](#{name})", text.label.replace("{share}", "62%")) for name, text in WARNING_TEXTS.items()
    ]
    return document(
        "# Errors and warnings",
        _INTRO,
        "## Errors of a row",
        _ERRORS,
        table(("Kind", "As people read it"), index),
        *(_error(kind) for kind in ERROR_KINDS),
        "## Warnings of a row",
        _WARNINGS,
        table(("Code", "As people read it"), warned),
        *(_warning(name) for name in WARNING_TEXTS),
        "## Exceptions",
        _EXCEPTIONS,
        f"```text\n{_tree(EyefulError)}\n```",
        table(
            ("Exception", "What is wrong"), [(code(one.__name__), _meaning(one)) for one in _below(EyefulError)]
        ),
    )


def _error(kind: str) -> str:
    text = ERROR_TEXTS[kind]
    return f"### `{kind}`\n\n{text.meaning}\n\n**What to do:** {text.advice}"


def _warning(name: str) -> str:
    text = WARNING_TEXTS[name]
    told = text.sentence.replace("{share} of ", "a part of ")
    return f"### `{name}`\n\n{told}\n\n**When:** {text.when}\n\n**What to do:** {text.advice}"


def _children(kind: type) -> list[type]:
    """Those of eyeful's exceptions that are directly below one, in the order of their file."""
    return [one for one in vars(errors).values() if inspect.isclass(one) and kind in one.__bases__]


def _below(kind: type) -> list[type]:
    return [kind, *(deeper for one in _children(kind) for deeper in _below(one))]


def _tree(kind: type, indent: str = "") -> str:
    bases = [
        base.__name__ for base in kind.__bases__ if not issubclass(base, EyefulError) and base is not Exception
    ]
    also = f" (also {', '.join(bases)})" if bases and kind is not EyefulError else ""
    return "\n".join([f"{indent}{kind.__name__}{also}", *(_tree(one, f"{indent}    ") for one in _children(kind))])


def _meaning(kind: type) -> str:
    return paragraphs(inspect.getdoc(kind).partition("\n\nArgs:")[0])
