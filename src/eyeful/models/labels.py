"""Label sets: position in the output vector = label. Never guessed from folders or sorted names."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from eyeful.bundle import Manifest
from eyeful.errors import UsageError
from eyeful.models.label_file import read_label_file
from eyeful.models.torchvision_import import import_timm, import_torchvision
from eyeful.types import NONE_OF_THESE, Labels

_IMAGENET_SUBSETS = {
    1000: "imagenet-1k",
    11221: "imagenet-21k-miil",
    11821: "imagenet-12k",
    21841: "imagenet-22k",
    21842: "imagenet-22k-ms",
    21843: "imagenet-21k-goog",
}
"""Number of classes → timm's name for ImageNet's set of that many, as its own `infer_imagenet_subset` has it."""


@cache
def imagenet_labels() -> Labels:
    """The 1,000 ImageNet classes: TorchVision's category names, WordNet ids from timm's synset list."""
    import_torchvision()
    from torchvision.models import ResNet18_Weights

    names = tuple(ResNet18_Weights.DEFAULT.meta["categories"])
    return Labels(names, imagenet_wnids())


@cache
def imagenet_wnids() -> tuple[str, ...]:
    """WordNet ids of the 1,000 ImageNet classes, in the order of every ImageNet classifier."""
    import_timm()
    from timm.data import ImageNetInfo

    return tuple(ImageNetInfo("imagenet-1k").label_names())


def labels_for(names: tuple[str, ...]) -> Labels:
    """Labels from a library's category names; wnids where they are ImageNet's."""
    if len(names) == 1000 and names == imagenet_labels().names:
        return imagenet_labels()
    return Labels(names, (None,) * len(names))


def default_labels(num_classes: int) -> Labels:
    """Labels for weights that bring none: ImageNet's sets by their number of classes, else `class 0` and so on."""
    if num_classes == 1000:
        return imagenet_labels()
    if num_classes in _IMAGENET_SUBSETS:
        import_timm()
        from timm.data import ImageNetInfo

        info = ImageNetInfo(_IMAGENET_SUBSETS[num_classes])
        return Labels(tuple(info.label_descriptions()), tuple(info.label_names()))
    return unnamed(num_classes)


def unnamed(num_classes: int) -> Labels:
    """`class 0`, `class 1` and so on."""
    return Labels(tuple(f"class {index}" for index in range(num_classes)), (None,) * num_classes)


def assumed_labels(num_classes: int) -> tuple[Labels, tuple[str, ...]]:
    """Labels for weights of somebody's own that bring none, and the note where ImageNet's are assumed."""
    labels = default_labels(num_classes)
    if num_classes not in _IMAGENET_SUBSETS:
        return labels, ()
    note = f"the weights name none of their {num_classes:,} classes; ImageNet's names are assumed: {_WAY_OUT}"
    return replace(labels, assumed=True), (note,)


_WAY_OUT = "--labels FILE says others"


def read_labels(path: Path, num_classes: int, otherwise: str = "") -> Labels:
    """Labels from a file, in any form of `label_file`.

    Args:
        path: the file.
        num_classes: how many the weights have.
        otherwise: what to do where it has another number.

    Raises:
        UsageError: the file cannot be read with certainty, or does not have one label for each class.
    """
    labels = read_label_file(path)
    if len(labels) != num_classes:
        raise UsageError(f"{path} has {len(labels)} labels, the weights have {num_classes} classes{otherwise}")
    return labels


def unnamed_labels(owner: str, own: Labels, num_classes: int) -> tuple[Labels, tuple[str, ...]]:
    """Labels for a checkpoint that names none, and the notes that say whose names it was given.

    Args:
        owner: the model whose architecture it has.
        own: that model's labels, which it gets where it has as many classes.
        num_classes: of the checkpoint.
    """
    if len(own) != num_classes or own.assumed or own == default_labels(num_classes):
        return assumed_labels(num_classes)
    note = f"the checkpoint names none of its classes; the names of {owner} are assumed: {_WAY_OUT}"
    return replace(own, assumed=True), (note,)


def relabelled(own: Labels, notes: tuple[str, ...], path: Path) -> tuple[Labels, tuple[str, ...]]:
    """A model's labels and notes under the names of a file.

    Its WordNet ids stay, unless they were assumed: then they go, and the last note, which says so, with them.
    "None of these", the last label of a model that was taught, is no name of the user's: a file may leave it out.

    Raises:
        UsageError: the file cannot be read with certainty, does not fit, or has the classes in another order.
    """
    if own.none_of_these is not None:
        read = _read_taught(path, len(own))
    else:
        read = read_labels(path, len(own), "; for weights of your own, add --checkpoint FILE --model ARCHITECTURE")
    if own.assumed:
        return read, notes[:-1]
    for index, (wnid, other) in enumerate(zip(own.wnids, read.wnids, strict=True)):
        if wnid and other and wnid != other:
            raise UsageError(
                f"{path} has other classes than the model, or another order: index {index} is {other} there, "
                f"{wnid} in the model"
            )
    if read.names != own.names and sorted(read.names) == sorted(own.names):
        raise UsageError(f"{path} has the names of the model in another order than the model")
    return Labels(read.names, tuple(b or a for a, b in zip(own.wnids, read.wnids, strict=True))), notes


def relabelled_manifest(manifest: Manifest, path: str | Path | None) -> Manifest:
    """A bundle's manifest, under the names of a label file where there is one.

    Raises:
        UsageError: as for `relabelled`.
    """
    if path is None:
        return manifest
    labels, notes = relabelled(manifest.labels, manifest.notes, Path(path))
    return replace(manifest, labels=labels, notes=notes)


def _read_taught(path: Path, num_classes: int) -> Labels:
    """Labels from a file for a model that was taught.

    Raises:
        UsageError: as for `read_labels`, or the file calls "none of these" otherwise.
    """
    read = read_label_file(path)
    if len(read) == num_classes - 1 and NONE_OF_THESE not in read.names:
        return read.with_none()
    if len(read) != num_classes:
        raise UsageError(
            f"{path} has {len(read)} labels, the model {num_classes} with {NONE_OF_THESE!r}, which may be left out"
        )
    if read.names[-1] != NONE_OF_THESE:
        raise UsageError(
            f"{path} has {read.names[-1]!r} for {NONE_OF_THESE!r}, which a model that was taught says in its own "
            f"words: name the {num_classes - 1} labels before it"
        )
    return read
