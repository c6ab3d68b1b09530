"""The terminal: each image's labels with bars."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.text import Text

from eyeful.filenames import printable
from eyeful.types import Prediction
from eyeful.wording import percent, warning_label

_BAR = 24
_LABEL = 28
_EIGHTHS = " ▏▎▍▌▋▊▉"


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
        lines = Text.assemble((printable(prediction.filename), "bold"))
        if prediction.abstained:
            lines.append(f"  {prediction.answer}", style="yellow")
        if not prediction.ok:
            lines.append(f"\n  {prediction.error_kind}: {printable(prediction.error or '')}", style="red")
        for place, score in enumerate(prediction.top):
            style = "green" if place == 0 and not prediction.abstained else ""
            lines.append(f"\n  {_fitted(printable(score.label)):<{_LABEL}} ", style=style)
            lines.append(f"{bar(score.prob):<{_BAR}}", style="blue")
            lines.append(f" {percent(score.prob):>6}")
        if prediction.warnings:
            lines.append("\n  " + ", ".join(map(warning_label, prediction.warnings)), style="dim")
        self._console.print(lines, soft_wrap=True, highlight=False)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


def bar(share: float, width: int = _BAR) -> str:
    """A horizontal bar in block characters, an eighth of a character fine."""
    eighths = round(share * width * 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _fitted(label: str) -> str:
    return label if len(label) <= _LABEL else label[: _LABEL - 1] + "…"
