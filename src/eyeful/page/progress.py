"""How far a long event has come, in the browser."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def advancing(progress: Any, images: int, what: str) -> Callable[[int], None]:
    """What is called with the number of new images, and shows how many of all are done.

    Args:
        progress: Gradio's.
        images: all of them.
        what: is done with them, as "Classifying".
    """
    done = iter(range(1, images + 1))

    def advance(new: int) -> None:
        for number in islice(done, new):
            progress((number, images), desc=what, unit="images")

    return advance
