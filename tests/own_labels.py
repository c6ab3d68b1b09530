"""Folders of labelled photographs, with labels that ImageNet does not have: to teach, and to test."""

from pathlib import Path

from eyeful.evaluation.label_names import LabelNames
from eyeful.types import Labels

GROUPS = {"bird": "bird", "dog": "dog", "vehicle": "vehicle"}
"""Labels of our own, and the WordNet groups whose photographs they get."""


def write_folders(photos: Path, labels: Labels, to: Path, most: int = 20) -> None:
    """`to/photos` and `to/test` with a folder for each label, of `most` photographs each; `to/other` has none of them.

    Args:
        photos: the labelled photographs.
        labels: of a model that knows them, by WordNet id.
        to: the folder.
        most: links in each folder.
    """
    names = LabelNames(labels)
    inside = {label: set(names.positions(group)) for label, group in GROUPS.items()}
    files = {
        labels.wnids.index(path.name.partition("_")[0]): path for path in sorted((photos / "labelled").iterdir())
    }
    for label, positions in inside.items():
        found = [path for place, path in files.items() if place in positions][: 2 * most]
        for folder, some in (("photos", found[::2]), ("test", found[1::2])):
            _link(to / folder / label, some)
    others = [path for place, path in files.items() if not any(place in one for one in inside.values())]
    _link(to / "other", others[:: len(others) // most][:most])


def _link(folder: Path, files: list[Path]) -> None:
    folder.mkdir(parents=True)
    for number, path in enumerate(files, 1):
        (folder / f"{number}.jpg").symlink_to(path)
