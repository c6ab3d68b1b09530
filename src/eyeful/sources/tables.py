"""Lists with a name on each line, or with columns: their separator, their header, and the column of images."""

import csv
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from eyeful.errors import UsageError, one_line
from eyeful.sources.entries import Entry, listed, no_column, place_in, places_of_images, valid
from eyeful.sources.folder import EXTENSIONS

SEPARATORS = {".tsv": "\t,;", ".lst": "\t ,;", ".txt": "\t,; ", ".csv": ",;\t|"}
"""What may stand between the columns of a list, by its ending."""

Exists = Callable[[str], bool]
"""Whether a name leads to a file, or is an address."""


class Table:
    """A list with a name on each line, or with columns.

    Args:
        text: opened with newline="".
        column: the one that holds the images; None: it is found by its name or its content.
        exists: tells names from other cells.
        path: for errors.
    """

    def __init__(self, text: IO[str], column: str | None, exists: Exists, path: Path) -> None:
        self._text = text
        self._column = column
        self._exists = exists
        self._path = path

    def entries(self) -> Iterator[Entry]:
        """Every line that is not blank."""
        first = next((line for line in self._text if line.strip()), None)
        if first is None:
            return
        separator = self._separator_of(first)
        self._text.seek(0)
        if separator is None:
            for number, line in enumerate(self._text, 1):
                if line.strip():
                    yield Entry(number, line.rstrip("\r\n"))
            return
        records = self._records(separator)
        number, head = next(records, (0, []))
        if not number:  # nothing but blanks, as csv splits lines
            return
        header = self._header_of(head)
        if header is None:
            header = [f"column_{place}" for place in range(1, len(head) + 1)]
            records = chain([(number, head)], records)
        ahead = list(islice(records, 1))
        place = self._place_of(header, ahead[0][1] if ahead else [])
        for number, cells in chain(ahead, records):
            yield _entry(number, cells, header, place, separator)

    def _records(self, separator: str) -> Iterator[tuple[int, list[str]]]:
        """Each record, and the line where it begins."""
        plain = separator == " "
        quoting: Literal[0, 3] = csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL
        reader = csv.reader(
            self._text, delimiter=separator, quoting=quoting, skipinitialspace=plain, strict=not plain
        )
        begins = 1
        try:
            for cells in reader:
                if cells and (len(cells) > 1 or not cells[0] or not cells[0].isspace()):
                    yield begins, cells
                begins = reader.line_num + 1
        except csv.Error as error:
            raise UsageError(
                f"the list {self._path}, line {begins}: its quotation marks do not match ({one_line(error)})"
            ) from error

    def _separator_of(self, line: str) -> str | None:
        """What parts the columns: that under which the line makes the most sense; None: the line is a name."""
        suffix = self._path.suffix.lower()
        best: str | None = SEPARATORS[suffix][0]
        most = 0.0
        if suffix == ".txt" and self._column is None:
            whole = line.rstrip("\r\n")
            best, most = None, 4 if self._exists(whole) else self._sense_of([whole])
            most = 0.9 if most in (0, 3) else most  # the name of a column is a header, of a list of one column
        for separator in SEPARATORS[suffix]:
            cells = next(csv.reader([line], delimiter=separator, skipinitialspace=separator == " "), [])
            sense = self._sense_of(cells) or min(0.8, len(cells) / 100)  # if none, what parts it most
            if sense > most:
                best, most = separator, sense
        return best

    def _sense_of(self, cells: list[str]) -> int:
        """How much cells look like a header (3), or like a line with an image (2, or 1 by its ending alone)."""
        if self._column is not None and place_in(cells, self._column) is not None:
            return 3
        others = [cell for cell in cells if not places_of_images([cell])]
        if any(self._exists(cell) for cell in others):
            return 2
        if any(_is_named_like_an_image(cell) for cell in others):
            return 1
        return 3 if len(others) < len(cells) else 0

    def _header_of(self, cells: list[str]) -> list[str] | None:
        """The columns' names; None: it is a line like the others.

        Raises:
            UsageError: it is neither.
        """
        asked = self._column
        is_header = self._sense_of(cells) == 3
        if asked is not None:
            is_header = place_in(cells, asked) is not None
            if not is_header and not (asked.startswith("column_") and asked[7:].isdigit()):
                raise no_column(self._path, asked, cells)
        elif not is_header and not self._sense_of(cells):
            raise UsageError(
                f"the list {self._path} begins with neither an image nor a column of them ({listed(cells)}): "
                "--column NAME (in Python column=NAME) says which it is"
            )
        if not is_header:
            return None
        header: list[str] = []
        for place, cell in enumerate(cells, 1):
            name = valid(cell.strip())
            header.append(name if name and name not in header else f"column_{place}")
        return header

    def _place_of(self, header: list[str], first: list[str]) -> int:
        """Which column holds the images.

        Args:
            header: the columns' names.
            first: the first line's cells.
        """
        if self._column is not None:
            place = place_in(header, self._column)
            if place is None:
                raise no_column(self._path, self._column, header)
            return place
        cells = dict(enumerate(first))
        candidates = places_of_images(header) or list(cells)
        found = (place for place in candidates if self._exists(cells.get(place, "")))
        likely = (place for place in candidates if _is_named_like_an_image(cells.get(place, "")))
        return next(chain(found, likely, candidates), 0)


def _entry(number: int, cells: list[str], header: list[str], place: int, separator: str) -> Entry:
    if len(header) == 1:  # a separator that nobody quoted, since there is nothing to separate
        return Entry(number, separator.join(cells))
    names = header + [f"column_{n}" for n in range(len(header) + 1, len(cells) + 1)]
    columns = {name: valid(cells[n]) if n < len(cells) else "" for n, name in enumerate(names) if n != place}
    return Entry(number, cells[place] if place < len(cells) else "", columns)


def _is_named_like_an_image(cell: str) -> bool:
    return PurePosixPath(cell.strip()).suffix.lower() in EXTENSIONS
