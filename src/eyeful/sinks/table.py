"""The terminal: each image's labels with bars."""

from textwrap import TextWrapper
from types import TracebackType
from typing import Self

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from eyeful.filenames import printable
from eyeful.types import Prediction
from eyeful.wording import bar, one_of, percent, warning_label

_BAR = 24
_LABEL = 28
_SHORTEST_BAR = 6
_PERCENT = 6
_BESIDE = _PERCENT + 4
"""Columns of a line beside the label and the bar: the indent, the percentage, a space before each of the two."""


class TableSink:
    """Prints each prediction as it comes.

    Args:
        console: where to.
    """

    wants_thumbnails = False

    def __init__(self, console: Console) -> None:
        self._console = console

    def __enter__(self) -> Self:
        return self

    def append(self, prediction: Prediction) -> None:
        """Print an image's name, its labels with bars, and what was done to it; or its error."""
        label, length = _widths(self._console.width)
        lines = Text.assemble((printable(prediction.filename), "bold"))
        if prediction.unsure or prediction.group is not None or prediction.none_of_these:
            said, style = printable(prediction.headline), "yellow" if prediction.unsure else "green"
            beside = lines.cell_len + 2 + cell_len(said) <= self._console.width
            lines.append(f"  {said}" if beside else self._below(said), style=style)
        if not prediction.ok:
            lines.append(self._below(f"{prediction.error_kind}: {printable(prediction.error or '')}"), style="red")
        for place, score in enumerate(prediction.top):
            name = Text(printable(score.label), style="green" if place == 0 and _is_answer(prediction) else "")
            name.truncate(label, overflow="ellipsis", pad=True)
            lines.append("\n  ").append_text(name)
            lines.append(f" {bar(score.prob, length):<{length}}", style="blue")
            lines.append(f" {percent(score.prob):>{_PERCENT}}")
        if len(possible := prediction.prediction_set or ()) > 1:
            lines.append(self._below(one_of([printable(score.label) for score in possible])))
        if prediction.warnings:
            lines.append(self._below(", ".join(map(warning_label, prediction.warnings))), style="dim")
        self._console.print(lines, soft_wrap=True, highlight=False)

    def _below(self, text: str) -> str:
        """A text under the name, broken between words where the terminal is narrow."""
        wrapper = TextWrapper(max(self._console.width, 20), break_long_words=False, break_on_hyphens=False)
        wrapper.initial_indent = wrapper.subsequent_indent = "  "
        return "\n" + wrapper.fill(text)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


def _is_answer(prediction: Prediction) -> bool:
    """Whether the best label is the answer, neither a guess nor one of a group."""
    return prediction.answer_parts == (prediction.label, None)


def _widths(columns: int) -> tuple[int, int]:
    """Columns for a label and for a bar: where there are few, the bar gives way first, down to nothing."""
    free = max(columns - _BESIDE, 1)
    label = min(_LABEL, max(free - _SHORTEST_BAR, free * 2 // 3))
    return label, max(0, min(_BAR, free - label))
