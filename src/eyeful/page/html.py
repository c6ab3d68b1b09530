"""Fragments of HTML: the templates, with pixels inside them."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader
from PIL import Image

from eyeful import wording
from eyeful.filenames import printable
from eyeful.sinks.report import data_uri


def render(template: str, **values: Any) -> str:
    """A fragment from `templates/`; every value is escaped."""
    return _environment().get_template(template).render(**values)


def note(sentence: str) -> str:
    """A sentence in the place of an answer."""
    return render("note.html", sentence=sentence)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("eyeful.page"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "data_uri": lambda pixels_HWC, kind="JPEG": data_uri(Image.fromarray(pixels_HWC), kind),
        "percent": wording.percent,
        "warning_sentence": wording.warning_sentence,
        "printable": printable,
        "ms": lambda seconds: f"{1000 * seconds:.0f} ms" if seconds >= 0.01 else f"{1000 * seconds:.1f} ms",
        "number": lambda value: f"{value:.2f}".replace("-", "\u2212"),
    }
    return environment
