"""What went wrong, in sentences: what happened, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eyeful.errors import ErrorKind


class Trouble(NamedTuple):
    """Why there is no answer.

    Attributes:
        happened: a sentence.
        remedy: another one: what the visitor can do; empty where the first says it.
    """

    happened: str
    remedy: str = ""


_ANOTHER = "Choose another image."
_FORMATS = "Choose a JPEG, PNG, WebP, AVIF, GIF, TIFF or BMP file."
_AGAIN = "Copy or download it again, or choose another image."
_SMALLER = "Make it smaller, or choose another image."
_REMEDIES = {
    "unsupported_format": _FORMATS,
    "too_large": _SMALLER,
    "timeout": _SMALLER,
    "aspect": "Crop it, or choose another image.",
    "nonfinite": "Choose another model.",
}
_SAID = {  # where the error's text says little to a person, or too much: it may tell of the machine's insides
    "not_found": ("is no longer on the server.", "Uploads are deleted after an hour: please add it again."),
    "empty": ("is an empty file.", _AGAIN),
    "truncated": ("is incomplete or damaged.", _AGAIN),
    "unidentified": ("is not an image that eyeful can read.", _FORMATS),
    "internal": ("cannot be classified because of a bug in eyeful.", "Please report it."),
}


def why_no_answer(filename: str, kind: ErrorKind | None, error: str) -> Trouble:
    """Why an image cannot be classified.

    Args:
        filename: the image.
        kind: what went wrong.
        error: the same as a line of text.
    """
    if kind in _SAID:
        said, remedy = _SAID[kind]
        return Trouble(f"{filename} {said}", remedy)
    return Trouble(f"{filename} cannot be classified: {error}.", _REMEDIES.get(kind or "", _ANOTHER))


def and_list(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
