"""timm's pretrained configs: preprocessing, labels, and whether there are labels at all."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from eyeful.errors import ModelError, UnknownModelError, WeightsError
from eyeful.models.base import Architecture, Model, Weights
from eyeful.models.channels import RGB, wrong_channels
from eyeful.models.label_values import labels_of_value
from eyeful.models.labels import default_labels, imagenet_labels, imagenet_wnids
from eyeful.models.torchvision_import import import_timm
from eyeful.preprocessing import Preprocessing

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from eyeful.types import Labels

_LARGEST_EMBEDDING = 2048


def knows(architecture: str) -> bool:
    """Whether timm has an architecture of that name."""
    return bool(import_timm().is_model(architecture))


def gives_features(config: dict[str, Any]) -> bool:
    """Whether the weights of a pretrained config end in a vector for other networks, not in labels.

    They have no head (DINO, SigLIP ...), or one that projects into an embedding (the image towers of CLIP and its
    kin): timm counts its dimensions, some hundreds, as classes. What a tower was fine-tuned for has an ImageNet
    set's number of classes, or names.
    """
    classes, tag = config["num_classes"], str(config.get("tag") or "")
    if classes == 0 or tag.endswith("_dino"):
        return True
    if config.get("label_names") or classes > _LARGEST_EMBEDDING or default_labels(classes).wnids[0]:
        return False
    is_tower = "clip" in config["architecture"]  # of other networks, a tag of somebody's own is a classifier's
    published = import_timm().list_pretrained(f"{config['architecture']}.{'*' if is_tower else tag or '-'}")
    return classes in {import_timm().get_pretrained_cfg(name).num_classes for name in published}


def preprocessing_of(config: dict[str, Any]) -> Preprocessing:
    """The preprocessing of a pretrained config, as timm's own `inference.py` resolves it.

    Raises:
        UnknownModelError: the model does not take RGB images.
        WeightsError: its mean and std are not those of RGB images.
    """
    import_timm()
    from timm.data import resolve_data_config

    data = resolve_data_config({}, pretrained_cfg=config)
    channels, height, width = data["input_size"]
    if channels != RGB:
        raise UnknownModelError(wrong_channels(config["architecture"], channels))
    if not len(data["mean"]) == len(data["std"]) == 3:
        raise WeightsError(f"the config of {config['architecture']} has no mean and std of three channels")
    pct = data["crop_pct"]
    return Preprocessing(
        size=(height, width),
        scale_size=(int(height // pct), int(width // pct)),
        interpolation=data["interpolation"],
        mean=tuple(data["mean"]),
        std=tuple(data["std"]),
        crop_mode=data.get("crop_mode") or "center",
    )


def labels_of(config: dict[str, Any]) -> Labels:
    """The labels of a pretrained config: its own names, else the ImageNet set of its number of classes.

    Raises:
        WeightsError: it does not have one name for each class.
    """
    names = config.get("label_names")
    if not names:
        return default_labels(config["num_classes"])
    if tuple(names) == imagenet_wnids():
        return imagenet_labels()
    if isinstance(names, str):
        raise WeightsError(f"the config of {config['architecture']} has a text for its label_names, not a list")
    try:
        labels = labels_of_value({key: _texts(config.get(key)) for key in ("label_names", "label_descriptions")})
    except ValueError as error:
        raise WeightsError(
            f"the config of {config['architecture']} does not name each label: {error}; no answer of it could be "
            "trusted"
        ) from error
    if len(labels) != config["num_classes"]:
        raise WeightsError(
            f"the config of {config['architecture']} names {len(labels)} labels for {config['num_classes']} "
            "classes: no answer of it could be trusted"
        )
    return labels


def _texts(value: Any) -> Any:
    """A list or dict with texts for its numbers; anything else as it is."""
    if isinstance(value, dict):
        return {key: str(one) if isinstance(one, int) else one for key, one in value.items()}
    return [str(one) if isinstance(one, int) else one for one in value] if isinstance(value, list) else value


def model_of(
    name: str,
    config: dict[str, Any],
    load: Callable[[], tuple[nn.Module, Weights]],
    options: dict[str, Any] | None = None,
) -> Model:
    """The model of a pretrained config; one that gives features has a note, and cannot be loaded.

    Args:
        name: what to type to get it again.
        config: timm's pretrained config, with `architecture`.
        load: as `Model.load`.
        options: arguments that build the network.
    """
    source = config.get("hf_hub_id") or config.get("url") or name
    notes: tuple[str, ...] = ()
    if gives_features(config):
        notes = (f"{name} gives features, not labels: it has no classifier",)
        load = partial(_refuse, f"{notes[0]}; `eyeful models` lists models that have one")
    return Model(
        name=name,
        architecture=Architecture("timm", config["architecture"], config["num_classes"], options or {}),
        preprocessing=preprocessing_of(config),
        labels=labels_of(config),
        weights=Weights(
            f"https://huggingface.co/{source}" if config.get("hf_hub_id") else source, config.get("license")
        ),
        load=load,
        about={key: str(config[key]) for key in ("description", "origin_url", "paper_name") if config.get(key)},
        notes=notes,
    )


def _refuse(text: str) -> NoReturn:
    raise ModelError(text)
