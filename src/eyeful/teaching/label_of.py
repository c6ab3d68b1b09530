"""What says the label of each image: the folders that it lies in, or a file."""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from eyeful.errors import UsageError
from eyeful.evaluation.truth_file import LabelFile
from eyeful.filenames import printable
from eyeful.sources.archive import is_archive
from eyeful.sources.entries import valid
from eyeful.sources.system_files import is_system_folder

Parts = tuple[str, ...]
_TRAIN = ("train", "training")
_TEST = ("val", "valid", "validation", "test", "testing")
_WAY_OUT = "put the images of each label in a folder of its name, or --truth FILE.csv says what each is"
LOOSE = "in no folder of a label"
"""Why an image that lies beside the folders of labels is left out."""
HIDDEN = "in a hidden folder"
"""Why an image in `.thumbs/` is: nobody calls a label so."""


@dataclass(frozen=True, slots=True)
class LabelOf:
    """Labels by filename.

    Attributes:
        how: "folders", or the file.
        label: gives an image's label and "", or None and the reason.
        fault: what to say where no image has one.
        roots: the folders that were searched.
        empty: labels that are named, and have no image.
    """

    how: str
    label: Callable[[str], tuple[str | None, str]]
    fault: str
    roots: Sequence[str] = ()
    empty: Sequence[str] = ()


def by_folders(roots: Sequence[str], filenames: Collection[str], *, recursive: bool = True) -> LabelOf:
    """The first folder below what was named; of several that were named, one without folders is a label itself.

    Raises:
        UsageError: what was named is a data set in parts, or a folder cannot be read, or two labels are one.
    """
    where = _Roots(roots)
    below: dict[Parts, set[Parts]] = defaultdict(set)
    for filename in filenames:
        root, folders = where.divided(filename)
        below[root].add(folders)
        if Path(filename).is_dir():
            raise UsageError(f"the folder {printable(filename)} cannot be read")
    _check_parts_of_data_set(below, where)
    inside = {root: _common(folders) if where.is_archive(root) else () for root, folders in below.items()}
    own = {root for root, folders in below.items() if len(where) > 1 and folders == {()} and root}

    def raw(filename: str) -> str | None:
        root, folders = where.divided(filename)
        if root in own:
            return root[-1]
        rest = folders[len(inside[root]) :]
        return rest[0] if rest else None

    names = {name for name in map(raw, filenames) if name is not None and not name.startswith(".")}
    empty = [name for name in where.folders_without(below) if name not in names] if recursive else []
    label_by_name = one_name_each([*names, *empty])
    _check_not_one_folder_too_high(below, inside, names, where)

    def label(filename: str) -> tuple[str | None, str]:
        name = raw(filename)
        if name in label_by_name:
            return label_by_name[name], ""
        return None, LOOSE if name is None else HIDDEN

    place = ", ".join(printable(root) for root in roots[:3])
    fault = f"the images in {place} lie in no folders, so that nothing says their labels: {_WAY_OUT}"
    return LabelOf("folders", label, fault, roots, [label_by_name[name] for name in empty])


def by_parents(filenames: Iterable[str]) -> LabelOf:
    """The folder that each image is in, for a list of them.

    Raises:
        UsageError: two labels are one.
    """
    label_by_name = one_name_each({parts[-2] for name in filenames if len(parts := _parts(name)) > 1})

    def label(filename: str) -> tuple[str | None, str]:
        parts = _parts(filename)
        return (label_by_name[parts[-2]], "") if len(parts) > 1 else (None, LOOSE)

    return LabelOf("folders", label, f"the images that were named are in no folders: {_WAY_OUT}")


def by_file(path: Path, filenames: Collection[str], roots: Sequence[str]) -> LabelOf:
    """What a file says, in its own words.

    Raises:
        UsageError: it cannot be read, names none of the images, has no label for one or several, or two labels
            are one.
    """
    file, shown = LabelFile(path), printable(str(path))
    file.find_shared(filenames)
    text_by_name: dict[str, str] = {}
    for filename in filenames:
        texts = file.texts(filename)
        if len(texts) > 1:
            raise UsageError(
                f"{shown} says that {printable(filename)} is {printable(texts[0])} and {printable(texts[1])}: an "
                "image has one label; correct it, or leave the image out"
            )
        if texts:
            text_by_name[filename] = texts[0]
        elif file.named(filename).startswith("(no label"):
            raise UsageError(f"{shown} has no label for {printable(filename)}: fill it in, or leave the line out")
    label_by_text = one_name_each(text_by_name.values())

    def label(filename: str) -> tuple[str | None, str]:
        text = text_by_name.get(filename)
        return (None, file.named(filename).strip("()")) if text is None else (label_by_text[text], "")

    first = printable(next(iter(filenames), "none"))
    return LabelOf(str(path), label, f"{shown} names none of the images; the first is {first}", roots)


class _Roots:
    """The folders and archives that were named.

    Args:
        roots: as the user wrote them.
    """

    def __init__(self, roots: Sequence[str]) -> None:
        self._written = {_parts(root): root for root in roots}
        self._longest_first = sorted(self._written, key=len, reverse=True)

    def __len__(self) -> int:
        return len(self._written)

    def written(self, root: Parts) -> str:
        """As the user wrote it."""
        return self._written.get(root, "/".join(root))

    def is_archive(self, root: Parts) -> bool:
        """Whether it is one, whose name says nothing of what it holds."""
        return is_archive(self.written(root))

    def divided(self, filename: str) -> tuple[Parts, Parts]:
        """The root that an image is in, and the folders below it."""
        parts = _parts(filename)
        root = next((root for root in self._longest_first if parts[: len(root)] == root), ())
        return root, parts[len(root) : -1]

    def folders_without(self, below: dict[Parts, set[Parts]]) -> list[str]:
        """Folders in the roots that hold folders, in which no image was found; hidden ones are nobody's labels."""
        found = []
        for root, folders in below.items():
            if any(folders) and not self.is_archive(root) and Path(self.written(root)).is_dir():
                first = {one[0] for one in folders if one}
                with os.scandir(self.written(root)) as entries:
                    found += [
                        entry.name
                        for entry in entries
                        if entry.is_dir()
                        and entry.name not in first
                        and not entry.name.startswith(".")
                        and not is_system_folder(entry.name)
                    ]
        return sorted(found)


def _check_parts_of_data_set(below: dict[Parts, set[Parts]], where: _Roots) -> None:
    """See that the folders are labels, not `train` and `val` with labels in them.

    Raises:
        UsageError: they are not.
    """
    for root, folders in below.items():
        deep = {one[0].casefold(): one[0] for one in folders if len(one) > 1}
        train = next((deep[name] for name in _TRAIN if name in deep), None)
        test = next((deep[name] for name in _TEST if name in deep), None)
        if train is not None and test is not None:
            place = printable(where.written(root).rstrip("/"))
            raise UsageError(
                f"{place} is a data set in parts ({train}, {test}), whose labels are one folder further: "
                f"eyeful teach {place}/{train} --test {place}/{test}"
            )


def _check_not_one_folder_too_high(
    below: dict[Parts, set[Parts]], inside: dict[Parts, Parts], names: set[str], where: _Roots
) -> None:
    """See that there is more than one label, where that is because the labels are one folder further.

    Raises:
        UsageError: they are.
    """
    if len(names) != 1:
        return
    for root, folders in below.items():
        deeper = {one[1] for one in folders if len(one) > 1}
        if not inside[root] and len(deeper) > 1:
            place, only = printable(where.written(root).rstrip("/")), printable(next(iter(names)))
            raise UsageError(
                f"{place} has one folder, {only}, and to teach takes two labels; if the labels are the folders in "
                f"it: eyeful teach {place}/{only}"
            )


def one_name_each(names: Iterable[str]) -> dict[str, str]:
    """The label that each name stands for: without blanks around it, its accents composed.

    Raises:
        UsageError: a name is blank, or two are the same but for what is hard to see.
    """
    label_by_name: dict[str, str] = {}
    seen: dict[str, str] = {}
    for name in sorted(set(names)):
        label = unicodedata.normalize("NFC", str(valid(name))).strip()
        shown = seen_of(label)
        if not shown:
            raise UsageError(
                f"a label is called {name!r}, which is no name: rename its folder, or fill in its column"
            )
        other = seen.setdefault(shown, name)
        if other != name:
            raise UsageError(
                f"two labels differ in {_difference(other, name)} only: {printable(other)!r} and "
                f"{printable(name)!r}; if they are one, put their images together; else give them different names"
            )
        label_by_name[name] = label
    return label_by_name


def seen_of(label: str) -> str:
    """What a reader sees of a label: nothing of invisible characters, widths, capitals and how many blanks."""
    seen = "".join(char for char in label if unicodedata.category(char) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", seen).casefold().split())


def _difference(one: str, other: str) -> str:
    """In what two names differ that look the same."""
    composed = unicodedata.normalize("NFC", one), unicodedata.normalize("NFC", other)
    if composed[0] == composed[1]:
        return "how Unicode writes an accent"
    if composed[0].split() == composed[1].split():
        return "blanks"
    same = " ".join(composed[0].casefold().split()) == " ".join(composed[1].casefold().split())
    return "small and capital letters" if same else "characters that cannot be seen, or in how Unicode writes them"


def _common(folders: set[Parts]) -> Parts:
    """The folders around all images of an archive, but for those of labels: nobody chose what packed them."""
    found: Parts = ()
    while len({one[: len(found) + 1] for one in folders}) == 1 and all(
        len(one) > len(found) + 1 for one in folders
    ):
        found = next(iter(folders))[: len(found) + 1]
    return found


def _parts(name: str) -> Parts:
    """The folders of a path, and its last name."""
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))
