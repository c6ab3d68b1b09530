"""Text as wide as the terminal that standard output is: tables lose columns, facts wrap between words."""

import shutil
import sys
from collections.abc import Collection, Sequence
from textwrap import TextWrapper

_GAP = "  "


def stdout_columns() -> int:
    """The terminal's width; without limit where standard output is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize


def wrapped(text: str) -> str:
    """A sentence on as many lines as the terminal needs, broken between words."""
    wrapper = TextWrapper(stdout_columns(), subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return wrapper.fill(text)


def print_table(
    titles: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Collection[str], dropped: Sequence[str]
) -> None:
    """Print rows below their titles, no cell broken: where columns do not fit, some are left out.

    Args:
        titles: of the columns.
        rows: their cells.
        numbers: the titles of the columns that stand to the right.
        dropped: the titles of the columns that may be left out, the first of them first.
    """
    columns = dict(zip(titles, zip(titles, *rows, strict=True), strict=True))
    widths = {title: max(map(len, cells)) for title, cells in columns.items()}
    for title in dropped:
        if sum(widths.values()) + len(_GAP) * (len(widths) - 1) <= stdout_columns():
            break
        del widths[title]
    for line in zip(*(columns[title] for title in widths), strict=True):
        cells = (
            f"{cell:>{width}}" if title in numbers else f"{cell:<{width}}"
            for cell, (title, width) in zip(line, widths.items(), strict=True)
        )
        print(_GAP.join(cells).rstrip())


def fact(name: str, text: str, width: int) -> str:
    """A name and what there is to say of it, on lines that begin in one column and break between words.

    Args:
        name: empty where the text goes on.
        text: what a person may copy as one word stays whole.
        width: of the column of names.
    """
    wrapper = TextWrapper(
        stdout_columns(), subsequent_indent=" " * width, break_long_words=False, break_on_hyphens=False
    )
    line = f"{name:<{width}}{text}"
    return wrapper.fill(line) if " " in text else line  # an address stays where it is
