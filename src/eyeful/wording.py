"""How numbers and codes of a row are said to people: the same on a terminal, in a report, a figure and a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from eyeful.errors import ERROR_TEXTS


class WarningText(NamedTuple):
    """What a warning is called, tells, stands for, and asks for; `{share}` is the number behind its code."""

    label: str
    sentence: str
    when: str
    advice: str


WARNING_TEXTS = {
    "exif_rotated": WarningText(
        "turned upright",
        "The camera was held at an angle: the image was turned upright, as its EXIF data say.",
        "The EXIF orientation is another than upright.",
        "Nothing. If the image lies on its side in the report, its EXIF data are wrong.",
    ),
    "first_frame_of_n": WarningText(
        "first frame only",
        "The file holds several frames: only the first one was looked at.",
        "An animation, or a file of several images.",
        "Save the others as files of their own to classify them, too.",
    ),
    "grayscale": WarningText(
        "grayscale",
        "The image has no colours; the network learned from coloured ones.",
        "The file has one channel, which is taken for red, green and blue.",
        "Nothing. Judge some of these images by themselves: answers may be worse than on coloured ones.",
    ),
    "sixteen_bit_scaled": WarningText(
        "scaled to 8 bits",
        "The image has more than 8 bits for each colour: its values were scaled to 8 bits.",
        "Its values have more than 8 bits, or are floats. They are scaled, not clipped.",
        "Nothing, unless the image is far too dark in the report.",
    ),
    "dark": WarningText(
        "reaches {share} of its range",
        "The image reaches only {share} of its range: it may hold fewer bits than its file says.",
        "`dark:0.02` reaches 2% of its range: the values of a sensor of 10 or 12 bits in a file of 16, for "
        "example.",
        "Look at the image. If it is nearly black, scale its values to the whole range and classify it again.",
    ),
    "colour_profile": WarningText(
        "colour profile not sRGB",
        "The image has a colour profile other than sRGB, which the network was not trained with.",
        "By the profile some colour differs from sRGB by more than 2 of 255; or the file states other colours in "
        "another way, as PNG's `gAMA` does.",
        "Nothing where `srgb_converted` stands beside it. Otherwise colours may be off: save it as sRGB.",
    ),
    "srgb_converted": WarningText(
        "converted to sRGB",
        "Its colours were converted to sRGB.",
        "Beside `colour_profile`; not with `--exact`, and not where the profile cannot be used.",
        "Nothing.",
    ),
    "cmyk_converted": WarningText(
        "CMYK",
        "The image is made for printing (CMYK): its colours were converted to RGB, roughly.",
        "The conversion does not use the file's profile.",
        "Where colours matter, convert it to sRGB with a program that uses the profile.",
    ),
    "alpha_composited": WarningText(
        "laid on white",
        "The image is partly transparent: it was laid on white.",
        "At least one pixel is transparent.",
        "Where the object is white, lay it on another colour yourself.",
    ),
    "cropped_away": WarningText(
        "{share} cropped away",
        "The network did not see {share} of the image: it was cropped away.",
        "`cropped_away:0.62`: the network saw 38% of the image. Only where it saw less than half.",
        "See that the object is in the middle; or show the network the whole image: `--crop-mode squash` or "
        "`border`.",
    ),
    "upscaled": WarningText(
        "enlarged",
        "The image is smaller than what the network wants: it was enlarged.",
        "A side is shorter than what the preprocessing resizes it to.",
        "Take a larger version of the image, if there is one.",
    ),
    "low_resolution": WarningText(
        "few pixels",
        "The image has few pixels: details that the network relies on are missing.",
        "The shorter side is less than half of the network's input.",
        "Take a larger version of the image; a network with a smaller input (`--img-size`) may do better.",
    ),
}
"""Every code that a row's `warnings` may hold."""


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
    return ERROR_TEXTS[kind].label if kind in ERROR_TEXTS else kind.replace("_", " ")


def error_advice(kind: str) -> str:
    """What to do about a row's `error_kind`, as plain text; empty for one that is not known."""
    return ERROR_TEXTS[kind].advice.replace("`", "") if kind in ERROR_TEXTS else ""


def warning_label(warning: str) -> str:
    """A row's warning in a few words: `62% cropped away`, or of the code alone, `part cropped away`.

    A code that is not known stays readable.
    """
    return _said(warning, "label")


def warning_sentence(warning: str) -> str:
    """A row's warning as a sentence."""
    return _said(warning, "sentence")


def _said(warning: str, form: Literal["label", "sentence"]) -> str:
    code, _, value = warning.partition(":")
    texts = WARNING_TEXTS.get(code)
    try:
        share = f"{float(value):.0%}" if value else "part"
    except ValueError:
        texts = None
    if texts is None:
        return warning.replace("_", " ")
    text: str = getattr(texts, form)
    return text.replace("{share}", share)


def counted_images(number: int) -> str:
    """`1 image`, `1,234 images`."""
    return f"{number:,} image{'' if number == 1 else 's'}"
