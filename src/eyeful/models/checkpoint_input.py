"""What a training script noted of its network's input beside the weights, where it is not what will be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from eyeful.errors import UsageError
from eyeful.models.checkpoint_labels import entries_of
from eyeful.preprocessing import InputOverrides

if TYPE_CHECKING:
    from eyeful.preprocessing import Preprocessing

_SIZES = ("img_size", "image_size", "input_size")


def other_input(loaded: Any, preprocessing: Preprocessing) -> str:
    """What to tell of the input that a checkpoint was trained with; empty where it is the one that will be used.

    Args:
        loaded: what the file holds.
        preprocessing: what will be used.
    """
    outer = entries_of(loaded)
    for key, noted in (("", outer), *((key, entries_of(value)) for key, value in outer.items())):
        stated = _stated(noted)
        if stated is None or preprocessing.with_overrides(stated) == preprocessing:
            continue
        flags = {"--img-size": stated.img_size, "--mean": stated.mean, "--std": stated.std}
        how = " ".join(f"{flag} {_typed(value)}" for flag, value in flags.items() if value is not None)
        return f"{key or 'it'} says that it was trained with another input, which is not used: {how} sets it"
    return ""


def _stated(noted: Mapping[Any, Any]) -> InputOverrides | None:
    """The input that a script's settings name; None where they name none, or none that could be meant."""
    size = next((noted[name] for name in _SIZES if noted.get(name) is not None), None)
    if isinstance(size, Sequence) and not isinstance(size, str) and len(size) == 3:
        size = size[1:]  # timm's input_size is channels, height, width
    mean, std = noted.get("mean"), noted.get("std")
    if size is None and mean is None and std is None:
        return None
    try:
        return InputOverrides.of(size, mean, std)
    except UsageError:
        return None


def _typed(value: tuple[float, ...]) -> str:
    return "x".join(map(str, value)) if len(value) == 2 else " ".join(f"{number:g}" for number in value)
