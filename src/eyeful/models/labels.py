"""Label sets: position in the output vector = label. Never guessed from folders or sorted names."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from eyeful.errors import UsageError
from eyeful.models.torchvision_import import import_timm, import_torchvision
from eyeful.types import Labels

_IMAGENET_SUBSETS = {1000: "imagenet-1k", 11821: "imagenet-12k", 21841: "imagenet-22k"}


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
    return Labels(tuple(f"class {index}" for index in range(num_classes)), (None,) * num_classes)


def read_labels(path: Path, num_classes: int) -> Labels:
    """Labels from a file: one name per line, or TorchServe's `index_to_name.json`.

    Args:
        path: the file; JSON when its name ends so.
        num_classes: how many the weights have.

    Raises:
        UsageError: the file cannot be read or does not have one label for each class.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        labels = _from_json(json.loads(text)) if path.suffix.lower() == ".json" else _from_lines(text)
    except OSError as error:
        raise UsageError(f"the labels {path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise UsageError(
            f"the labels {path} are neither one name per line nor index_to_name.json "
            f'({{"0": "cat"}} or {{"0": ["n02123045", "tabby"]}}): {error}'
        ) from error
    if len(labels) != num_classes:
        raise UsageError(f"{path} has {len(labels)} labels, the weights have {num_classes} classes")
    return labels


def _from_lines(text: str) -> Labels:
    names = tuple(line.strip() for line in text.splitlines() if line.strip())
    return Labels(names, (None,) * len(names))


def _from_json(values: Any) -> Labels:
    """`{"0": name}`, `{"0": [wnid, name]}` or a list of either."""
    entries = values if isinstance(values, list) else [values[str(index)] for index in range(len(values))]
    pairs = [(None, entry) if isinstance(entry, str) else (entry[0], entry[1]) for entry in entries]
    if not all(isinstance(name, str) for _, name in pairs):
        raise ValueError("a name is not a text")
    return Labels(tuple(str(name) for _, name in pairs), tuple(wnid for wnid, _ in pairs))
