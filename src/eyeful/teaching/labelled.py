"""Images with labels of a user's own: in folders of their names, by a file, or handed over in Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eyeful.errors import UsageError
from eyeful.evaluation.inputs import Inputs
from eyeful.evaluation.truth_file import says_labels
from eyeful.filenames import printable
from eyeful.sources import open_source
from eyeful.sources.listing import ENDINGS
from eyeful.teaching.checks import check_apart, check_images, check_labels
from eyeful.teaching.label_of import LabelOf, by_file, by_folders, by_parents, one_name_each
from eyeful.types import Item

FEWEST = 5
"""Images that a label needs."""
_WAY_OUT = "--truth FILE.csv, with the columns filename and label, says what each is"


class NoLabelError(UsageError):
    """Nothing says the label of any image."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Images, each with one label.

    Attributes:
        items: the images, in the order in which they were found; each filename once.
        labels: the K labels, sorted.
        label_N: of each image, the position of its label.
        truth: what says it: "folders", "python", or the file.
        roots: the folders and archives that were searched.
        left_out: images without a label, by the reason in words.
    """

    items: list[Item]
    labels: tuple[str, ...]
    label_N: list[int]
    truth: str = "folders"
    roots: tuple[str, ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def images_of(self) -> dict[str, int]:
        """How many images each label has."""
        counts = Counter(self.label_N)
        return {label: counts[place] for place, label in enumerate(self.labels)}

    def __len__(self) -> int:
        return len(self.items)


def labelled_images(inputs: Any, truth: str | Path = "auto", **search: Any) -> Labelled:
    """Find images to teach labels with, and see that they can be taught; no image is decoded.

    Args:
        inputs: a folder whose folders are the labels, with whatever folders in them; several such folders, or
            folders of one label each; archives of them; a list (.csv, .jsonl) with the columns filename and label;
            or, in Python, a mapping of labels to whatever `open_source` takes; or what this function found.
        truth: what says the label. "folders": the first folder below what was named, and of images in a list the
            folder that they are in; "auto": the list if it has a column of labels, else folders; or a .csv, .tsv,
            .txt or .jsonl file with the columns filename and label.
        **search: how images are found: `recursive`, `column` and `every`, as for `open_source`.

    Raises:
        UsageError: there are no labels, or too few, or too few images of one; two labels are one, or an image has
            two; a label has no name, or that of "none of these". The text says which, and what to do.
    """
    found = inputs if isinstance(inputs, Labelled) else _found(inputs, str(truth), search)
    check_labels(found.images_of, FEWEST)
    check_images(found.items, found.label_N, found.labels)
    return found


def labelled_test(inputs: Any, taught: Labelled, truth: str | Path = "auto", **search: Any) -> Labelled:
    """Find images to test a taught model with: as `labelled_images`, with the labels that it knows.

    Args:
        inputs: as for `labelled_images`; a label may be missing, or have a single image. What this function found
            stays as it is.
        taught: what the model was taught; `label_N` are positions in its labels.
        truth: as for `labelled_images`; a list with a column of labels says them itself, and folders do where the
            file names none of the images.
        **search: the same.

    Raises:
        UsageError: a folder or a line of the file has none of these labels, an image lies under two of them, or
            was taught; the text names it.
    """
    if isinstance(inputs, Labelled):
        return inputs
    is_list = isinstance(inputs, str | Path) and str(inputs).lower().endswith(ENDINGS)
    try:
        found = _found(inputs, "auto" if is_list and says_labels(str(inputs)) else str(truth), search)
    except NoLabelError:
        found = _found(inputs, "auto", search)
    known = {label: place for place, label in enumerate(taught.labels)}
    unknown = [label for label in found.labels if label not in known]
    if unknown:
        raise UsageError(
            f"the test has images of what is not taught: {_few(unknown)} (taught are {_few(taught.labels)}); "
            "rename them, or leave them out; images of no label are for --outsiders"
        )
    check_images(found.items, found.label_N, found.labels)
    check_apart(taught.items, found.items)
    place_of = [known[label] for label in found.labels]
    return replace(found, labels=taught.labels, label_N=[place_of[place] for place in found.label_N])


def _few(labels: Sequence[str], most: int = 6) -> str:
    return ", ".join(map(printable, labels[:most])) + (" ..." if len(labels) > most else "")


def _found(inputs: Any, truth: str, search: Mapping[str, Any]) -> Labelled:
    if isinstance(inputs, Mapping):
        return _of_mapping(inputs, search)
    place = Inputs(inputs, **search)
    items: dict[str, Item] = {}
    for item in place.open().items:
        items.setdefault(item.filename, item)
    return _labelled(list(items.values()), _label_of(place, truth, items, bool(search.get("recursive", True))))


def _label_of(place: Inputs, truth: str, filenames: Collection[str], recursive: bool) -> LabelOf:
    """What says the label of each image.

    Raises:
        UsageError: nothing does.
    """
    if truth not in ("auto", "folders"):
        if not truth.lower().endswith(ENDINGS):
            raise UsageError(f"--truth {printable(truth)}: it is auto, folders, or a .csv or .jsonl file")
        return by_file(Path(truth), filenames, place.roots)
    if place.list is None and place.roots:
        return by_folders(place.roots, filenames, recursive=recursive)
    if truth == "folders":
        return by_parents(filenames)
    if place.list is not None and says_labels(place.list):
        return by_file(Path(place.list), filenames, [])
    what = "the images" if place.list is None else printable(place.list)
    raise UsageError(
        f"nothing says the labels of {what}: name a folder whose folders are the labels, or {_WAY_OUT}; --truth "
        "folders takes the folder that each image is in"
    )


def _labelled(items: list[Item], label_of: LabelOf) -> Labelled:
    said = [(item, *label_of.label(item.filename)) for item in items]
    labelled = [(item, label) for item, label, _ in said if label is not None]
    names = [label for _, label in labelled] + list(label_of.empty)
    if not names:
        raise NoLabelError(label_of.fault)
    labels = tuple(sorted(set(names)))
    place_of = {label: place for place, label in enumerate(labels)}
    return Labelled(
        [item for item, _ in labelled],
        labels,
        [place_of[label] for _, label in labelled],
        label_of.how,
        tuple(label_of.roots),
        dict(Counter(reason for _, label, reason in said if label is None)),
    )


def _of_mapping(inputs: Mapping[str, Any], search: Mapping[str, Any]) -> Labelled:
    """Labels and their images, as a program has them; what is in memory has the label before its name."""
    if not all(isinstance(label, str) for label in inputs):
        raise UsageError("labels are text: {'cat': images, 'dog': images}")
    images_of = {label: inputs[name] for name, label in one_name_each(inputs).items()}
    labels, items, label_N = tuple(sorted(images_of)), [], []
    place_of: dict[str, int] = {}
    for place, label in enumerate(labels):
        for number, item in enumerate(open_source(images_of[label], **search).items, 1):
            if isinstance(item.content, Path) and place_of.get(item.filename) == place:
                continue
            alone = isinstance(item.content, Path) and item.filename not in place_of
            named = item if alone else replace(item, filename=f"{label}/{number} {item.filename}")
            place_of[named.filename] = place
            items.append(named)
            label_N.append(place)
    return Labelled(items, labels, label_N, "python")
