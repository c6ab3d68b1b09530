"""How numbers and codes of a row are said to people: the same on a terminal, in a report, a figure and a page."""

from __future__ import annotations

from collections.abc import Sequence

_WARNINGS = {
    "exif_rotated": (
        "turned upright",
        "The camera was held at an angle: the image was turned upright, as its EXIF data say.",
    ),
    "first_frame_of_n": (
        "first frame only",
        "The file holds several frames: only the first one was looked at.",
    ),
    "grayscale": ("grayscale", "The image has no colours; the network learned from coloured ones."),
    "sixteen_bit_scaled": (
        "scaled to 8 bits",
        "The image has more than 8 bits for each colour: its values were scaled to 8 bits.",
    ),
    "dark": (
        "reaches {share} of its range",
        "The image reaches only {share} of its range: it may hold fewer bits than its file says.",
    ),
    "colour_profile": (
        "colour profile not sRGB",
        "The image has a colour profile other than sRGB, which the network was not trained with.",
    ),
    "srgb_converted": ("converted to sRGB", "Its colours were converted to sRGB."),
    "cmyk_converted": (
        "CMYK",
        "The image is made for printing (CMYK): its colours were converted to RGB, roughly.",
    ),
    "alpha_composited": ("laid on white", "The image is partly transparent: it was laid on white."),
    "cropped_away": (
        "{share} cropped away",
        "The network did not see {share} of the image: it was cropped away.",
    ),
    "upscaled": ("enlarged", "The image is smaller than what the network wants: it was enlarged."),
    "low_resolution": (
        "few pixels",
        "The image has few pixels: details that the network relies on are missing.",
    ),
}
"""Every code that a row's `warnings` may hold, in a few words and as a sentence."""


_ERRORS = {
    "not_found": "not found",
    "unreadable": "cannot be read",
    "not_regular": "not a regular file",
    "empty": "empty file",
    "unidentified": "not an image",
    "unsupported_format": "format not supported",
    "truncated": "damaged or cut off",
    "too_large": "too large",
    "aspect": "too narrow",
    "fetch_failed": "cannot be fetched",
    "timeout": "took too long",
    "nonfinite": "no valid answer",
    "internal": "bug in eyeful",
}
"""Every `error_kind` of a row, in a few words."""


def percent(prob: float) -> str:
    """A probability (0 to 1) with one decimal, `39.3%`; it never claims 0 or 100. At most six characters."""
    if prob < 0.0005:
        return "<0.1%"
    return ">99.9%" if prob >= 0.9995 else f"{100 * prob:.1f}%"


def counted_percent(value: float) -> str:
    """A share of counted things (0 to 1) with one decimal; `0%` and `100%` are none and all, never almost."""
    return f"{value:.0%}" if value in (0, 1) else percent(value)


def one_of(labels: Sequence[str], most: int = 5) -> str:
    """The labels of a prediction set: `one of: cup, mug and 3 more`."""
    more = len(labels) - most
    return f"one of: {', '.join(labels[:most])}{f' and {more} more' if more > 0 else ''}"


def plain_percent(part: float) -> str:
    """A share (0 to 1) of a promise, without decimals that it does not have: `5%`, `2.5%`."""
    return f"{100 * part:.4g}%"


def choice_of(labels: int, *, none_of_these: bool) -> str:
    """What a model can answer with: `one of 1,000 labels`, or `one of 5 labels or none of these`.

    Args:
        labels: all that it has.
        none_of_these: the last one says that it is none of the others.
    """
    return f"one of {labels - 1:,} labels or none of these" if none_of_these else f"one of {labels:,} labels"


def points(delta: float) -> str:
    """A difference of two probabilities, in percentage points."""
    return f"{100 * delta:.2f}"


def bar(share: float, width: int = 24) -> str:
    """A horizontal bar in block characters, an eighth of a character fine."""
    eighths = round(share * width * 8)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def rate(images_a_second: float) -> str:
    """So many images a second: below ten with a decimal."""
    return f"{images_a_second:.{0 if images_a_second >= 10 else 1}f}"


def error_label(kind: str) -> str:
    """A row's `error_kind` in a few words: `damaged or cut off`. One that is not known stays readable."""
    return _ERRORS.get(kind, kind.replace("_", " "))


def warning_label(warning: str) -> str:
    """A row's warning in a few words: `62% cropped away`, or of the code alone, `part cropped away`.

    A code that is not known stays readable.
    """
    return _said(warning, 0)


def warning_sentence(warning: str) -> str:
    """A row's warning as a sentence."""
    return _said(warning, 1)


def _said(warning: str, form: int) -> str:
    code, _, value = warning.partition(":")
    forms = _WARNINGS.get(code)
    try:
        share = f"{float(value):.0%}" if value else "part"
    except ValueError:
        forms = None
    return warning.replace("_", " ") if forms is None else forms[form].replace("{share}", share)


def counted_images(number: int) -> str:
    """`1 image`, `1,234 images`."""
    return f"{number:,} image{'' if number == 1 else 's'}"
