"""What went wrong with an image, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eyeful.types import Prediction


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
