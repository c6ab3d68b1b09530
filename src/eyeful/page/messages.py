"""What was done to an image, what went wrong with it, and how numbers are said: in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eyeful.types import Prediction

_SENTENCES = {
    "exif_rotated": "The camera was held at an angle: the image was turned upright, as its EXIF data say.",
    "first_frame_of_n": "The file holds several frames: only the first one was looked at.",
    "grayscale": "The image has no colours; the network learned from coloured ones.",
    "sixteen_bit_scaled": "The image has more than 8 bits for each colour: its values were scaled to 8 bits.",
    "dark": "The image reaches only {share} of its range: it may hold fewer bits than its file says.",
    "colour_profile": "The image has a colour profile other than sRGB, which the network was not trained with.",
    "srgb_converted": "Its colours were converted to sRGB.",
    "cmyk_converted": "The image is made for printing (CMYK): its colours were converted to RGB, roughly.",
    "alpha_composited": "The image is partly transparent: it was laid on white.",
    "cropped_away": "The network did not see {share} of the image: it was cropped away.",
    "upscaled": "The image is smaller than what the network wants: it was enlarged.",
    "low_resolution": "The image has few pixels: details that the network relies on are missing.",
}


def message_of(warning: str) -> str:
    """A row's warning as a sentence; one without a sentence stays as it is."""
    name, _, value = warning.partition(":")
    sentence = _SENTENCES.get(name, warning)
    return sentence.replace("{share}", f"{float(value):.0%}".replace("%", " %")) if value else sentence


def why_no_answer(prediction: Prediction) -> str:
    """The sentence for an image that cannot be classified."""
    if prediction.error_kind == "not_found":
        return f"{prediction.filename} is no longer here: uploads are deleted after a while. Please add it again."
    if prediction.error_kind == "internal":  # the text may tell of the machine's insides
        return f"{prediction.filename} could not be classified because of a mistake in eyeful. Please report it."
    return f"{prediction.filename} cannot be classified ({prediction.error_kind}): {prediction.error}."


def and_list(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def share(prob: float) -> str:
    """A probability as a percentage that never claims 0 or 100."""
    if prob < 0.001:
        return "< 0.1 %"
    return "> 99.9 %" if prob > 0.999 else f"{100 * prob:.1f} %"
