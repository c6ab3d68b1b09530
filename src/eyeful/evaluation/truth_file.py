"""A file that says what is right: for each image one or several labels, by name or WordNet id."""

from __future__ import annotations

import csv
import json
import unicodedata
from collections import defaultdict
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from eyeful.errors import UsageError, one_line
from eyeful.filenames import printable
from eyeful.sources.entries import listed, place_in, places_of_images, valid
from eyeful.sources.json_lines import json_entries
from eyeful.sources.listing import open_list
from eyeful.sources.tables import SEPARATORS, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import IO

    from eyeful.evaluation.label_names import LabelNames
    from eyeful.sources.entries import Entry

COLUMNS = (
    *("label", "labels", "truth", "right", "wnid", "wnids", "class", "classes", "class_name", "label_name"),
    *("category", "species", "target", "ground_truth", "synset", "name", "PredictionString", "column_2"),
)
"""Columns that hold right labels, the most likely first; in any letters, with or without what joins the words."""
_IDS = ("ImageId", "image_id", "id")
"""Columns of images in tables of ImageNet and of competitions."""
_WNIDS = ("wnid", "wnids")
_OF_ANSWERS = {"index", "prob"}
"""Columns that rows and verdicts have, whose labels are a model's."""
_JSON = (".jsonl", ".ndjson")
_BETWEEN = ("|", ";")
"""What stands between several labels of one image."""


class LabelFile:
    """What a file says of each image, in its own words.

    An image is found by its whole name, or by as much of it as the file or the row has: `cat/1.jpg` is
    `photos/cat/1.jpg`. Where an image is named on several lines, each label counts. A line that may mean several
    images says nothing of them.

    Args:
        path: .csv, .tsv, .txt, .lst or .jsonl.
        wnids: of a WordNet id and a label beside it, the id counts.
        any_name: a single column beside the images' holds the labels, whatever it is called.

    Raises:
        UsageError: it cannot be read, has no column of images or of labels, or holds a model's answers.
    """

    def __init__(self, path: Path, *, wnids: bool = False, any_name: bool = False) -> None:
        self.how = str(path)
        self._path = path
        self._wnids = wnids
        self._any_name = any_name
        self._by_name: dict[str, list[tuple[tuple[str, ...], list[str]]]] = defaultdict(list)
        self._meant_by: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._shared: set[tuple[str, ...]] = set()
        images = 0
        for images, entry in enumerate(self._entries(), 1):  # noqa: B007 - it is looked at behind the loop
            self._add(entry)
        if not images:
            raise UsageError(f"{printable(str(path))} says what is right of no image: it is empty")

    def find_shared(self, filenames: Iterable[str]) -> str | None:
        """Find out which lines may mean several of the images.

        Returns:
            The first image's name; None without images.
        """
        first: str | None = None
        for filename in filenames:
            first = first or filename
            parts = _parts(filename)
            for named, _ in self._entries_for(filename):
                if self._meant_by.setdefault(named, parts) != parts:
                    self._shared.add(named)
        return first

    def named(self, filename: str) -> str:
        """What the file says, which means no label; or that it does not say anything."""
        found, name = self._entries_for(filename), self._path.name
        if len(found) > 1:
            return f"(more than once in {name})"
        if any(named in self._shared for named, _ in found):
            return f"(more than one is meant by its line in {name})"
        return " | ".join(self.texts(filename)) or (f"(no label in {name})" if found else f"(not in {name})")

    def texts(self, filename: str) -> list[str]:
        """The labels that the file has for an image; none where two of its images may be meant."""
        found = self._entries_for(filename)
        if any(named in self._shared for named, _ in found):
            return []
        return found[0][1] if len({tuple(texts) for _, texts in found}) == 1 else []

    def _entries_for(self, filename: str) -> list[tuple[tuple[str, ...], list[str]]]:
        """The names in the file that agree with a name for longest, with their labels."""
        parts = _parts(filename)
        name = parts[-1] if parts else ""
        found = self._by_name.get(name) or self._by_name.get(PurePosixPath(name).stem) or []
        ends = [(min(len(named), len(parts)), named, texts) for named, texts in found if _is_end_of(named, parts)]
        longest = max((length for length, _, _ in ends), default=0)
        return [(named, texts) for length, named, texts in ends if length == longest]

    def _add(self, entry: Entry) -> None:
        parts, columns = _parts(entry.name), entry.columns or {}
        if entry.fault is not None or not parts:
            return
        if columns.keys() >= _OF_ANSWERS:
            raise UsageError(
                f"{printable(self.how)} has the columns index and prob: it holds a model's answers, and does not "
                "say what is right (verdicts are for --verdicts)"
            )
        texts = self._texts_of(columns)
        for named, known in self._by_name[parts[-1]]:
            if named == parts:
                known += [text for text in texts if text not in known]
                return
        self._by_name[parts[-1]].append((parts, texts))

    def _texts_of(self, columns: dict[str, Any]) -> list[str]:
        names, column = list(columns), self._column_in(list(columns))
        ids = [place_in(names, one) for one in _WNIDS if self._wnids]
        wanted = [*(names[place] for place in ids if place is not None), column]
        texts = ([text for text in _texts_in(columns[name]) if text] for name in wanted)
        return next(filter(None, texts), [])

    def _column_in(self, names: list[str]) -> str:
        for known in COLUMNS:
            if (place := place_in(names, known)) is not None:
                return names[place]
        if self._any_name and len(names) == 1:
            return names[0]
        raise UsageError(
            f"{printable(self.how)} has no column of right labels ({listed(names)}): call it label"
            if names
            else f"{printable(self.how)} has no column of right labels beside the names: call it label"
        )

    def _entries(self) -> Iterator[Entry]:
        path, suffix = self._path, self._path.suffix.lower()
        if suffix not in (*SEPARATORS, *_JSON):
            raise UsageError(
                f"--truth {printable(self.how)}: it is auto, folders, names, or a .csv or .jsonl file"
            )
        try:
            with open_list(path) as text:
                column = _column_of_images(text, suffix)
                if suffix in _JSON:
                    yield from json_entries(text, column, path)
                else:
                    yield from Table(text, column, _is_never_there, path).entries()
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else one_line(error)
            raise UsageError(f"{printable(self.how)} cannot be read: {reason}") from error
        except UsageError as error:
            if isinstance(error.__cause__, csv.Error) or "--column" not in str(error):
                raise
            raise UsageError(
                f"{printable(self.how)} has no column of images: its first line shall be filename,label"
            ) from error


class FileTruth(LabelFile):
    """The labels of a model that a file says are right for each image: `Truth`.

    Args:
        path: as for `LabelFile`.
        names: of the labels.

    Raises:
        UsageError: as `LabelFile`.
    """

    def __init__(self, path: Path, names: LabelNames) -> None:
        self._names = names
        super().__init__(path, wnids=names.has_wnids, any_name=True)

    def look_at(self, filenames: Iterable[str]) -> None:
        """Find out which lines may mean several of the images, and see that some line says what is right.

        Raises:
            UsageError: none does.
        """
        first = self.find_shared(filenames)
        ends = (named[-1] for named in self._meant_by.keys() - self._shared)
        found = (texts for end in ends for named, texts in self._by_name[end] if named not in self._shared)
        if first is not None and not any(self._meant(text) for texts in found for text in texts):
            raise UsageError(self._fault(first))

    def right(self, filename: str) -> tuple[int, ...]:
        """See `Truth`."""
        found = (index for text in self.texts(filename) for index in self._meant(text))
        return tuple(dict.fromkeys(found))

    def _fault(self, filename: str) -> str:
        """Why nothing can be evaluated, where no image has a right label."""
        image = printable(filename)
        if texts := self.texts(filename):
            numbers = " (a number is no name)" if texts[0].isdigit() else ""
            nearest = self._names.nearest(texts[0])
            return (
                f"what {printable(self.how)} says is right means none of the model's labels: {printable(texts[0])}"
                f"{numbers}{f'; is it {nearest}?' if nearest else ''}"
            )
        if self._entries_for(filename):
            return f"{printable(self.how)} says of no image what is right: {image} {self.named(filename)}"
        return f"{printable(self.how)} names none of the images; the first is {image}"

    def _meant(self, text: str) -> tuple[int, ...]:
        separator = next((one for one in _BETWEEN if one in text), None)
        parts = text.split(separator) if separator else [text]
        return tuple(index for part in parts for index in self._names.positions(part)) or self._names.positions(
            text
        )


def _column_of_images(text: IO[str], suffix: str) -> str | None:
    """A column that only tables of this kind have; None where the usual ones are to be looked for."""
    head = text.readline()
    text.seek(0)
    if suffix in _JSON:
        return None
    for separator in SEPARATORS[suffix]:
        cells = next(csv.reader([head], delimiter=separator), [])
        if not places_of_images(cells) and len(cells) > 1:
            found = next((cells[place] for one in _IDS if (place := place_in(cells, one)) is not None), None)
            if found is not None:
                return found
    return None


def _texts_in(value: Any) -> list[str]:
    """The labels in a cell, or in a JSON value."""
    if isinstance(value, list):
        return [text for one in value for text in _texts_in(one)]
    return [] if value is None else [str(value).strip()]


def _is_end_of(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two paths have the same end, one of them being all of it; an ending of the file may be missing."""
    shorter = min(len(one), len(other))
    ends = list(one[len(one) - shorter :]), list(other[len(other) - shorter :])
    if ends[0][:-1] != ends[1][:-1]:
        return False
    return ends[0][-1] == ends[1][-1] or ends[0][-1] == PurePosixPath(ends[1][-1]).stem


def _is_never_there(_: str) -> bool:
    """Files are told by their endings: where they are is the images' business."""
    return False


def _parts(name: str) -> tuple[str, ...]:
    """The folders of a path and its last name, however an accent or a separator is written."""
    composed = unicodedata.normalize("NFC", valid(name))
    return tuple(part for part in composed.strip().replace("\\", "/").split("/") if part not in ("", "."))


def says_labels(name: str) -> bool:
    """Whether a list of images has a column of right labels."""
    path, suffix = Path(name), Path(name).suffix.lower()
    if not path.is_file():
        return False
    with open_list(path) as text:
        head = text.readline()
    if suffix in _JSON:
        try:
            found = json.loads(head)
        except ValueError:
            return False
        names = list(found) if isinstance(found, dict) else []
    else:
        separators = SEPARATORS.get(suffix, ",")
        rows = [next(csv.reader([head], delimiter=separator), []) for separator in separators]
        names = next((cells for cells in rows if places_of_images(cells)), [])
    return any(place_in(names, known) is not None for known in COLUMNS[:-1])
