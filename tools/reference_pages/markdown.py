"""Markdown, and what docstrings say of the attributes of a class."""

import inspect
import re
from collections.abc import Iterable, Sequence
from dataclasses import fields
from types import NoneType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

_NAMES = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null", dict: "object"}


def document(*parts: str) -> str:
    """Parts with an empty line between them; empty ones are left out."""
    note = "<!-- Made by `make reference` from the program; change it there. -->"
    title, *rest = (part.strip() for part in parts if part.strip())
    return "\n\n".join((title, note, *rest)) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table without the columns in which no row has anything; empty without rows."""
    all_rows = [list(row) for row in rows]
    used = [place for place in range(len(header)) if any(row[place] for row in all_rows)]
    if not used:
        return ""
    lines = [[header[place] for place in used], ["---"] * len(used)]
    lines += [[row[place].replace("|", r"\|").replace("\n", " ") for place in used] for row in all_rows]
    return "\n".join(f"| {' | '.join(line)} |".replace("  |", " |") for line in lines)


def prose(text: str) -> str:
    """A help text with its flags and variables as code, which typography leaves alone."""
    names = r"(?<![\w/-])(?:--[a-z][\w-]*|-[a-z]\b|EYEFUL_[A-Z]+)"
    return re.sub(rf"`[^`]*`|{names}", lambda found: f"`{found[0].strip('`')}`", text)


def code(text: object) -> str:
    """Text as code."""
    return f"`{text}`"


def sentence(text: str) -> str:
    """Text with a capital letter, unless it begins with a name (sha256), and a full stop; None is JSON's null."""
    text = re.sub(r"\bNone\b", "null", text.strip())
    first = text if re.match(r"\w*\d", text) else text[:1].upper() + text[1:]
    return first.removesuffix(".") + "."


def paragraphs(text: str) -> str:
    """A docstring's text, each paragraph as one line."""
    return "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", inspect.cleandoc(text)))


def attributes(kind: type) -> dict[str, str]:
    """What the section `Attributes:` of a class's docstring says, by name."""
    section = inspect.getdoc(kind).partition("\nAttributes:\n")[2]
    section = re.split(r"\n\n(?=\S)", section)[0]
    found = re.findall(r"^ {4}(\w[\w, ]*): (.+(?:\n {8}.+)*)", section, re.MULTILINE)
    return {name: " ".join(text.split()) for names, text in found for name in names.split(", ")}


def fields_table(kind: type, without: Sequence[str] = ()) -> str:
    """A table of a dataclass's fields: name, JSON type, meaning.

    Raises:
        KeyError: the docstring says nothing of a field.
    """
    hints, said = get_type_hints(kind), attributes(kind)
    names = [one.name for one in fields(kind) if one.name not in without]
    rows = ((code(name), json_type(hints[name]), sentence(said[name])) for name in names)
    return table(("Key", "Type", "Meaning"), rows)


def json_type(hint: Any) -> str:
    """What an annotated value is in JSON."""
    origin = get_origin(hint)
    if origin is Annotated:
        return json_type(get_args(hint)[0])
    if origin is Literal:
        return " or ".join(code(one) for one in get_args(hint))
    if origin is Union or type(hint).__name__ == "UnionType":
        return " or ".join(json_type(one) for one in get_args(hint))
    if origin in {tuple, list}:
        return f"array of {json_type(get_args(hint)[0]).replace(' or null', 's or nulls')}".removesuffix("s") + "s"
    return _NAMES.get(origin or hint, "object")
