"""Fragments of HTML: the templates, and pixels that travel inside them."""

from __future__ import annotations

import base64
import io
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from jinja2 import Environment, PackageLoader
from PIL import Image

from eyeful.page import words
from eyeful.sinks.base import printable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def render(template: str, **values: Any) -> str:
    """A fragment from `templates/`; every value is escaped."""
    return _environment().get_template(template).render(**values)


def note(sentence: str) -> str:
    """A sentence in the place of an answer."""
    return render("note.html", sentence=sentence)


def data_uri(pixels_HWC: NDArray[np.uint8], kind: Literal["PNG", "JPEG"] = "JPEG") -> str:
    """Pixels inside a page; PNG keeps every one of them."""
    encoded = io.BytesIO()
    Image.fromarray(pixels_HWC).save(encoded, kind, quality=88)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(encoded.getvalue()).decode('ascii')}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("eyeful.page"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "data_uri": data_uri,
        "in_words": words.in_words,
        "share": words.share,
        "printable": printable,
        "ms": lambda seconds: f"{1000 * seconds:.0f} ms" if seconds >= 0.01 else f"{1000 * seconds:.1f} ms",
        "number": lambda value: f"{value:.2f}".replace("-", "\u2212"),
    }
    return environment
