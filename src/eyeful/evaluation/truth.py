"""What is right for each image: by the name of its folder, its own name, or a file. Never by an order."""

from __future__ import annotations

from collections import Counter
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

from eyeful.errors import UsageError
from eyeful.evaluation.label_names import LabelNames, without_digits
from eyeful.evaluation.truth_file import FileTruth
from eyeful.filenames import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eyeful.types import Labels

HOW = ("auto", "folders", "names")
_SPLITS = {
    "train",
    "training",
    "val",
    "valid",
    "validation",
    "test",
    "testing",
    "images",
    "photos",
    "data",
    "dataset",
}
"""Names of folders that hold a data set or a share of it; none is a label, unless the model has one called so."""

_WAY_OUT = "--truth FILE.csv, with the columns filename and label, says what is right"


class Truth(Protocol):
    """What is right for each image."""

    @property
    def how(self) -> str:
        """`folders`, `names`, or the file that says it."""
        ...

    def right(self, filename: str) -> tuple[int, ...]:
        """Positions of the labels that are right, any of which counts; empty where nothing says it."""
        ...

    def named(self, filename: str) -> str:
        """What was taken for the name of its label; or, where it has none, what is missing."""
        ...


class FolderTruth:
    """The folder's name is the label; where that means none, as in `dog/monday/`, the name of one around it.

    A folder that has folders of labels in it is a label for none but its own images: in `animals/raccoon/`, beside
    `animals/cat/`, nothing says what is right, for the raccoon is no label.

    Args:
        names: of the labels.
        roots: what was evaluated; folders above are no labels.
        own: a root's own name is the label of images that lie directly in it.
        folders: those of all images.
    """

    how = "folders"

    def __init__(
        self,
        names: LabelNames,
        roots: Sequence[str] = (),
        *,
        own: bool = True,
        folders: Iterable[tuple[str, ...]] = (),
    ) -> None:
        self._names = names
        self._own = own
        self._roots = sorted((_parts(root) for root in roots), key=len, reverse=True)
        self._found: dict[tuple[str, ...], tuple[str, tuple[int, ...]]] = {}
        self._around_labels: set[tuple[str, ...]] = set()
        for folder in folders:
            around = self._around(folder)
            labelled = [place for place, one in enumerate(around) if self._means(one)]
            self._around_labels.update(around[: labelled[-1]] if labelled else ())

    def right(self, filename: str) -> tuple[int, ...]:
        """See `Truth`."""
        return self._label_of(_parts(filename)[:-1])[1]

    def named(self, filename: str) -> str:
        """The folder that is called like a label, or the image's own."""
        return self._label_of(_parts(filename)[:-1])[0]

    def _label_of(self, folder: tuple[str, ...]) -> tuple[str, tuple[int, ...]]:
        if folder not in self._found:
            found = (
                (one[-1], self._means(one))
                for one in reversed(self._around(folder))
                if one == folder or (one not in self._around_labels and one[-1].casefold() not in _SPLITS)
            )
            none = ("".join(folder[-1:]) or "(no folder)", ())
            self._found[folder] = next((one for one in found if one[1]), none)
        return self._found[folder]

    def _means(self, folder: tuple[str, ...]) -> tuple[int, ...]:
        name = folder[-1]
        return self._names.labels(name) if name.casefold() in _SPLITS else self._names.positions(name)

    def fault(self, filename: str) -> str:
        """Why nothing can be evaluated, where no image has a right label."""
        return f"no folder has a label's name ({_doubt(self, self._names, filename)}): {_WAY_OUT}"

    def _around(self, folder: tuple[str, ...]) -> list[tuple[str, ...]]:
        """The folders whose names may say what is right for images in one of them, the outermost first."""
        for root in self._roots:
            if folder[: len(root)] == root and len(folder) > len(root):
                return [folder[:length] for length in range(len(root) + 1, len(folder) + 1)]
        return [folder] if self._own and folder else []


class NameTruth:
    """The file's name says the label: a WordNet id in it, or all of it but digits.

    Args:
        names: of the labels.
        groups: it may be a group's too. Many a `clip.mp4` is none of hair.
    """

    how = "names"

    def __init__(self, names: LabelNames, *, groups: bool = True) -> None:
        self._names = names
        self._groups = groups

    def right(self, filename: str) -> tuple[int, ...]:
        """See `Truth`."""
        return self._names.positions_in_file_name(PurePosixPath(filename).stem, groups=self._groups)

    def named(self, filename: str) -> str:
        """The file's name without digits and ending."""
        stem = PurePosixPath(filename).stem
        return without_digits(stem) or stem

    def fault(self, filename: str) -> str:
        """Why nothing can be evaluated, where no image has a right label."""
        return f"no image has a label's name ({_doubt(self, self._names, filename)}): {_WAY_OUT}"


def truth_of(how: str, labels: Labels, filenames: Iterable[str] = (), roots: Sequence[str] = ()) -> Truth:
    """Where the right labels come from.

    Args:
        how: auto, folders, names, or a .csv, .tsv, .txt or .jsonl file with a name and one or several right labels
            for each image.
        labels: the model's.
        filenames: of the images, as their rows have them; gone through once at most.
        roots: the folders that were evaluated, as the user named them.

    Raises:
        UsageError: no image has a right label; the text says what to do. Or the file cannot be read.
    """
    names = LabelNames(labels)
    if how not in HOW:
        truth = FileTruth(Path(how), names)
        truth.look_at(filenames)
        return truth
    by_name = NameTruth(names, groups=how == "names")
    if how == "names":
        return _checked(by_name, filenames)
    first, images, file_names = None, Counter[tuple[str, ...]](), 0
    for filename in filenames:
        first = first or filename
        images[_parts(filename)[:-1]] += 1
        file_names += bool(by_name.right(filename))
    own = how == "folders" or len(roots) != 1  # a single one may be called so by chance, as a phone's Camera
    by_folder = FolderTruth(names, roots, own=own, folders=images)
    folders = sum(number for folder, number in images.items() if by_folder.right("/".join((*folder, "image"))))
    if how == "folders" and first is not None and not folders:
        raise UsageError(by_folder.fault(first))
    if how == "folders" or (folders and folders >= min(images.total() / 2, file_names)):
        return by_folder
    if folders:
        raise UsageError(
            f"the folders of {folders:,} images are called like labels, and the files of {file_names:,}: which is "
            "right, --truth folders or --truth names?"
        )
    if file_names:
        return by_name
    if first is None:
        return by_folder
    whole = ""
    if not own and names.positions(by_folder.named(first)):
        whole = f"--truth folders says that all are {printable(by_folder.named(first))}; "
    raise UsageError(
        f"neither the folders of the images ({_doubt(by_folder, names, first)}) nor their names "
        f"({_doubt(by_name, names, first)}) are names of labels: {whole}{_WAY_OUT}"
    )


def _checked(truth: NameTruth, filenames: Iterable[str]) -> Truth:
    """The same.

    Raises:
        UsageError: it says nothing of any image.
    """
    first = None
    for filename in filenames:
        if truth.right(filename):
            return truth
        first = first or filename
    if first is None:
        return truth
    raise UsageError(truth.fault(first))


def _doubt(truth: FolderTruth | NameTruth, names: LabelNames, filename: str) -> str:
    """A name that is no label's, and the nearest that is."""
    name = truth.named(filename)
    nearest = None if names.positions(name) else names.nearest(name)
    return printable(name) + (f"; is it {nearest}?" if nearest else "")


def _parts(name: str) -> tuple[str, ...]:
    """The folders of a path, and its last name; `.` and doubled slashes do not count."""
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))
