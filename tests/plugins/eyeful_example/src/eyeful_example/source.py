"""A source, `swatch://red,green,blue`: an image of each colour."""

from io import BytesIO

from PIL import Image, ImageColor

from eyeful import Item
from eyeful.sources import SourceKind, refused

SCHEME = "swatch://"


def matches(text):
    return isinstance(text, str) and text.startswith(SCHEME)  # a Path is never an address


def items(text, search, ignored):
    for colour in text.removeprefix(SCHEME).split(","):
        name = f"{SCHEME}{colour}"
        try:
            rgb = ImageColor.getrgb(colour)
        except ValueError:
            yield refused(name, "not_found", f"{colour!r} is no colour")
        else:
            yield Item(name, encoded(rgb))


def encoded(rgb):
    file = BytesIO()
    Image.new("RGB", (64, 64), rgb).save(file, "PNG")
    return file.getvalue()


SOURCE = SourceKind(matches, items, priority=100)
"""Asked before eyeful's own, of which buckets (60) take any scheme."""
