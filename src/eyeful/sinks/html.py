"""What all self-contained pages share: escaping, names of files and labels, images inside, how they are saved."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Literal

from jinja2 import ChoiceLoader, Environment, PackageLoader

from eyeful.filenames import printable
from eyeful.sinks.report_cards import encoded
from eyeful.version import __version__
from eyeful.wording import counted_images, error_advice, error_label, percent, warning_label, warning_sentence

if TYPE_CHECKING:
    from PIL import Image

_NAME_LENGTH, _LABEL_LENGTH = 300, 120


def html_environment(*packages: str) -> Environment:
    """Templates of packages, and those of this one (`base.css`); whatever comes from outside is escaped.

    Every template knows `version`, eyeful's.

    Args:
        packages: whose folders `templates` are searched first.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in (*packages, "eyeful.sinks")]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["version"] = __version__
    environment.filters |= {
        "error_advice": error_advice,
        "error_label": error_label,
        "percent": percent,
        "warning_label": warning_label,
        "warning_sentence": warning_sentence,
        "number": "{:,}".format,
        "images": counted_images,
        "json": lambda value: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False),
        "path": lambda name: _shortened(printable(name), _NAME_LENGTH),
        "label": lambda label: _shortened(printable(label), _LABEL_LENGTH),
    }
    return environment


def data_uri(image: Image.Image, kind: Literal["PNG", "JPEG"] = "JPEG") -> str:
    """An image inside a page; PNG keeps every pixel."""
    return file_uri(kind, encoded(image, kind))


def file_uri(kind: str, file: bytes) -> str:
    """An encoded image inside a page."""
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file).decode('ascii')}"


def _shortened(text: str, most: int) -> str:
    """The text without its middle where it is too long: names differ at their ends."""
    return text if len(text) <= most else f"{text[: most // 3]} … {text[-2 * most // 3 :]}"
