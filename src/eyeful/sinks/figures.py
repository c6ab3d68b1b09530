"""The lesson's figure: the image beside a bar chart of its best labels."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from eyeful.errors import OutputError, UsageError
from eyeful.extras import require
from eyeful.filenames import printable
from eyeful.images import open_item
from eyeful.wording import percent

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

    from eyeful.types import Prediction

_DPI = 120
_BLUE = "#2a6f97"
_GREY = "#9aa5ac"
_INCHES_FOR_A_BAR = 0.33
_LEAST_BARS = 4
"""A figure with fewer labels leaves their places empty: its bars are no thicker than those of others."""
_LINE = 22
"""Letters of a label on one line."""


def plot(prediction: Prediction) -> Any:
    """The image beside its top-k bars.

    Args:
        prediction: with an answer.

    Returns:
        a matplotlib Figure, 6 by 3 inches, higher for more than nine labels; `figure.savefig("cat.png")` writes
        it.

    Raises:
        UsageError: the prediction is an error.
        ImageError: the image is no longer there.
        MissingExtraError: Matplotlib is not installed.
    """
    require("matplotlib", "figures")
    from matplotlib.figure import Figure

    if not prediction.ok:
        raise UsageError(f"{prediction.filename} has no answer to plot: {prediction.answer}")
    height = max(3, _INCHES_FOR_A_BAR * len(prediction.top))
    figure = Figure(figsize=(6, height), dpi=_DPI, layout="constrained")
    left, right = figure.subplots(1, 2)
    left.imshow(_image(prediction))
    left.set_axis_off()
    left.set_title("Input Image", fontsize=10)
    labels = [_on_two_lines(score.label) for score in prediction.top]
    probs = [score.prob for score in prediction.top]
    places = np.arange(len(labels))
    is_answer = prediction.answer_parts[1] is None
    bars = right.barh(places, probs, color=[_BLUE if is_answer else _GREY, *[_GREY] * (len(labels) - 1)])
    right.bar_label(bars, [percent(prob) for prob in probs], padding=3, fontsize=7, color="#444444")
    right.set_yticks(places, labels, fontsize=8)
    right.set_ylim(max(len(labels), _LEAST_BARS) - 0.5, -0.5)
    right.set_xlim(0, 1.25)
    right.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0%", "", "50%", "", "100%"], fontsize=8)
    right.set_xlabel("Probability", fontsize=8)
    right.set_title(_title(prediction), fontsize=10)
    right.spines[["top", "right"]].set_visible(False)
    return figure


class FiguresSink:
    """Writes one PNG for each answered image: `0001-cat.png` and so on, in input order.

    Args:
        folder: where to; created.
    """

    wants_thumbnails = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def __enter__(self) -> Self:
        require("matplotlib", "figures")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot write figures to {self._folder}: {error.strerror}") from error
        return self

    def append(self, prediction: Prediction) -> None:
        """Draw one prediction; an error has no figure but takes its number."""
        self._count += 1
        if prediction.ok:
            name = f"{self._count:04d}-{_safe_stem(prediction.filename)}.png"
            plot(prediction).savefig(self._folder / name)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


def _image(prediction: Prediction) -> NDArray[np.uint8]:
    if prediction.thumbnail is not None:
        return prediction.thumbnail
    if prediction.item is None:
        raise UsageError(f"{prediction.filename} does not carry its image")
    with open_item(prediction.item) as opened:
        small = opened.image.copy()
        small.thumbnail((800, 800))
        return np.array(small)


def _title(prediction: Prediction) -> str:
    """What the bars are; or the group of labels that is the answer, with its probability; or none of these."""
    if prediction.none_of_these:
        return _on_two_lines(prediction.answer)
    name, guess = prediction.answer_parts
    if guess is not None and not prediction.unsure:
        return f"{_on_two_lines(name)} {percent(prediction.answer_prob or 0)}"
    shown = f"Top {len(prediction.top)} Predictions" if len(prediction.top) > 1 else "Top Prediction"
    return shown + (" (unsure)" if prediction.unsure else "")


def _on_two_lines(label: str) -> str:
    """A label as matplotlib shall show it: printable, no mathematics, the rest of a very long one left out."""
    lines = textwrap.wrap(printable(label), _LINE, max_lines=2, placeholder="…")
    return "\n".join(lines).replace("$", r"\$")


def _safe_stem(filename: str) -> str:
    stem = filename.replace("\\", "/").rstrip("/").rpartition("/")[2].rpartition(".")[0] or "image"
    return "".join(char if char.isascii() and (char.isalnum() or char in "-_") else "_" for char in stem)[:60]
