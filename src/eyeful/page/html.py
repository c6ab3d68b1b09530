"""Fragments of HTML: the templates, with pixels inside them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from PIL import Image

from eyeful import wording
from eyeful.filenames import printable
from eyeful.sinks.html import data_uri, file_uri

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eyeful.page.messages import Trouble

_ROW = 96
"""Pixels of a table's thumbnails, which are shown at half of it."""


def render(template: str, **values: Any) -> str:
    """A fragment from `templates/`; every value is escaped."""
    return _environment().get_template(template).render(**values)


def note(sentence: str) -> str:
    """A sentence in the place of an answer."""
    return render("note.html", sentence=sentence)


def alert(trouble: Trouble) -> str:
    """A red box in the place of an answer, which screen readers read at once."""
    return render("alert.html", trouble=trouble)


def small(pixels_HWC: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image for a row of a table."""
    image = Image.fromarray(pixels_HWC)
    image.thumbnail((_ROW, _ROW))
    return np.asarray(image)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("eyeful.page"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "data_uri": lambda pixels_HWC, kind="JPEG": data_uri(Image.fromarray(pixels_HWC), kind),
        "jpeg_uri": lambda jpeg: file_uri("JPEG", jpeg),
        "small": small,
        "breakable": lambda name: Markup("_<wbr>").join(name.split("_")),
        "one_of": wording.one_of,
        "percent": wording.percent,
        "warning_sentence": wording.warning_sentence,
        "printable": printable,
        "ms": lambda seconds: f"{1000 * seconds:.0f} ms" if seconds >= 0.01 else f"{1000 * seconds:.1f} ms",
        "number": lambda value: f"{value:.2f}".replace("-", "\u2212"),
    }
    return environment
